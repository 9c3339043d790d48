import GuestRAM
import Host
import Primitives

/// A kernel that was unpacked into RAM.
struct UnpackedKernel {
  let entry: UInt64
  /// It was moved to a random virtual address.
  let isRandom: Bool
}

extension Loader {
  /// Does what the decompressor in a bzImage would do, only faster: unpacks the ELF kernel to where it was linked,
  /// and moves it in the virtual address space. Nil where the kernel had better do so itself.
  func unpackedKernel(_ image: LinuxImage, in source: Source, at address: UInt64) throws(LoadError) -> UnpackedKernel? {
    let payload = image.payload
    guard address == image.preferredAddress, payload.count > 16,
      let format = Compression(try source.bytes(at: payload.offset, count: 16)),
      let size = try source.bytes(at: payload.offset + payload.count - 4, count: 4).load(UInt32.self, at: 0),
      size <= image.memorySize
    else { return nil }
    let stream: UnpackedStream
    do throws(FileError) {
      // gzip itself ends with the unpacked size; Linux appends it to the other formats.
      let count = payload.count - (format == .gzip ? 0 : 4)
      stream = try UnpackedStream(source.file, at: source.start + payload.offset, count: count, as: format)
    } catch { throw .file(error) }

    var chunk: [UInt8] = []
    try next(stream, &chunk)
    let kernel = try ELFImage(chunk, fileSize: UInt64(size), file: source.name)
    let room = MemoryRange(GuestAddress(address), count: image.memorySize)
    guard kernel.is64Bit == image.has64BitEntry, kernel.holds(kernel.entry), kernel.segments.allSatisfy({ room.contains($0) }) else {
      throw source.error("its payload", "is no \(image.has64BitEntry ? 64 : 32)-bit kernel for the \(image.memorySize) bytes of RAM from 0x\(address.hex()) on")
    }
    let end = kernel.segments.map { $0.fileOffset + $0.fileSize }.max() ?? 0
    var position: UInt64 = 0
    var tail: [UInt8] = []
    while !chunk.isEmpty {
      try place(chunk, from: position, of: kernel, source.name)
      position += UInt64(chunk.count)
      guard position <= size else { break }
      if position > end { tail += chunk[(chunk.count - Int(min(position - end, UInt64(chunk.count))))...] }
      try next(stream, &chunk)
    }
    guard position == size else { throw source.error("its payload", "is not the \(size) bytes that it says") }
    return UnpackedKernel(entry: kernel.entry, isRandom: try move(image, tail.dropFirst(Int(clamping: kernel.fileEnd &- end)), source.name))
  }

  private func next(_ stream: UnpackedStream, _ chunk: inout [UInt8]) throws(LoadError) {
    do throws(FileError) { try stream.next(into: &chunk) } catch { throw .file(error) }
  }

  /// Copies what a piece of the unpacked file holds of the kernel's segments. The kernel clears its own BSS.
  private func place(_ bytes: [UInt8], from position: UInt64, of kernel: ELFImage, _ name: String) throws(LoadError) {
    for segment in kernel.segments {
      let first = max(segment.fileOffset, position)
      let end = min(segment.fileOffset + segment.fileSize, position + UInt64(bytes.count))
      guard first < end else { continue }
      try copying(name) { () throws(GuestMemoryError) in
        try memory.write(
          bytes[Int(first - position)..<Int(end - position)],
          at: GuestAddress(segment.address + (first - segment.fileOffset)))
      }
    }
  }

  /// Moves the kernel to a random virtual address, unless it or the user does not want that. One of 32 bits would
  /// have to move in RAM, too: it stays where it is.
  private func move(_ image: LinuxImage, _ relocations: ArraySlice<UInt8>, _ name: String) throws(LoadError) -> Bool {
    guard image.has64BitEntry, let seed = request.baseSeed, !request.commandLine.split(separator: " ").contains("nokaslr"),
      let lists = KernelRelocations(relocations), let shift = KernelRelocations.shift(image, seed: seed)
    else { return false }
    try copying(name) { () throws(GuestMemoryError) in
      try lists.apply(shift, from: image.preferredAddress, count: image.memorySize, in: memory)
    }
    return true
  }
}

extension MemoryRange {
  func contains(_ segment: ELFImage.Segment) -> Bool {
    segment.address >= first.value && segment.address - first.value <= count
      && segment.memorySize <= count - (segment.address - first.value)
  }
}
