public import GuestRAM
import Host
import Primitives
public import Processor

/// Puts a kernel and what it wants to know into RAM, and says how the first processor enters it.
///
/// The machine has put its ACPI and SMBIOS tables into place, and shows RAM below 1 MiB.
public func load(_ request: LoadRequest, into memory: GuestMemory) throws(LoadError) -> ProcessorState {
  try Loader(request: request, memory: memory).start()
}

struct Loader {
  let request: LoadRequest
  let memory: GuestMemory
  var map: MemoryMap { MemoryMap(lowSize: memory.lowSize, highSize: memory.highSize) }

  func start() throws(LoadError) -> ProcessorState {
    try copying("memory") { () throws(GuestMemoryError) in
      try memory.store(UInt16(Platform.extendedBIOSData.value >> 4), at: LowMemory.biosDataSegment)
      try memory.store(UInt16(639), at: LowMemory.biosDataSize)
      try memory.store(UInt8(1), at: Platform.extendedBIOSData)
    }
    let source = try request.source(request.kernel)
    let initrd = try request.initrd.map { (path) throws(LoadError) in try request.source(path) }
    let deviceTree = try request.deviceTree.map(readDeviceTree) ?? []
    return try start(source, initrd: initrd, deviceTree: deviceTree)
  }

  /// Starts whatever kind of kernel `source` is.
  ///
  /// - Parameter wrappings: what it was already taken out of; nothing is wrapped twice in the same.
  func start(_ source: Source, initrd: Source?, deviceTree: [UInt8], inside wrappings: Set<Payload> = [])
    throws(LoadError) -> ProcessorState
  {
    guard source.size > 0 else { throw .file(FileError(path: source.name, .empty)) }
    let bytes = try source.bytes(at: 0, count: Payload.reach)
    switch Payload(bytes) {
    case .linux: return try startLinux(source, initrd: initrd, deviceTree: deviceTree)
    case .compressed(let format)? where !wrappings.contains(.compressed(format)):
      let content = try source.unpacked(as: format, limit: memory.size)
      return try start(content, initrd: initrd, deviceTree: deviceTree, inside: wrappings.union([.compressed(format)]))
    case .flatImageTree where wrappings.isEmpty:
      return try startImageTree(source, initrd: initrd, deviceTree: deviceTree)
    case .elf: return try startELF(source, initrd: initrd, deviceTree: deviceTree)
    default: break
    }
    throw source.error(
      "the file", "is no kernel this machine can start: it wants bzImage, ELF, Multiboot, or one of these compressed, or one of the first two in a FIT image")
  }

  /// Runs a transfer whose ranges were checked: what fails is the host.
  func copying<T>(_ name: String, _ body: () throws(GuestMemoryError) -> T) throws(LoadError) -> T {
    do throws(GuestMemoryError) { return try body() } catch { throw .memory(file: name) }
  }

  /// Copies a part of a file into RAM.
  func place(_ source: Source, from offset: UInt64, count: UInt64, at address: UInt64) throws(LoadError) {
    let size = Int(truncatingIfNeeded: count)
    let done = try copying(source.name) { () throws(GuestMemoryError) in
      try memory.read(
        from: source.file.descriptor, offset: Int64(truncatingIfNeeded: source.start + offset),
        to: [MemorySegment(address: GuestAddress(address), count: size)])
    }
    guard done == size else { throw .file(FileError(path: source.name, .truncated)) }
  }

  /// Puts the initial RAM disk as high as the kernel can reach, above `floor`.
  func placeInitrd(_ initrd: Source?, above floor: UInt64, limit: UInt64) throws(LoadError) -> MemoryRange? {
    guard let initrd else { return nil }
    guard initrd.size > 0 else { throw .file(FileError(path: initrd.name, .empty)) }
    let top = min(memory.lowSize, limit)
    guard initrd.size <= top else {
      throw initrd.error("its size", "of \(initrd.size) bytes is more than the kernel can reach below 0x\(top.hex())")
    }
    let start = (top - initrd.size) & ~0xFFF
    guard start >= floor else {
      throw initrd.error("its size", "of \(initrd.size) bytes does not fit between the kernel's end at 0x\(floor.hex()) and 0x\(top.hex())")
    }
    try place(initrd, from: 0, count: initrd.size, at: start)
    return MemoryRange(GuestAddress(start), count: initrd.size)
  }

  /// Puts the command line, with its final NUL, where kernels find it.
  func placeCommandLine(limit: Int) throws(LoadError) {
    let bytes = Array(request.commandLine.utf8)
    let limit = min(limit, LowMemory.commandLineSize - 1)
    guard bytes.count <= limit else {
      throw .commandLine(problem: "is \(bytes.count) bytes long, but the kernel takes at most \(limit)")
    }
    guard !bytes.contains(0) else { throw .commandLine(problem: "contains a NUL") }
    try copying(request.kernel) { () throws(GuestMemoryError) in
      try memory.write(bytes + [0], at: LowMemory.commandLine)
    }
  }
}
