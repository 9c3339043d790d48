import GuestRAM
import Primitives
import Processor

extension Loader {
  /// Starts a Multiboot 1 kernel; an initrd becomes its only module.
  ///
  /// - Parameter elf: the segments that are already in place, if the file is ELF.
  func startMultiboot(_ header: MultibootHeader, _ source: Source, elf: ELFImage?, module: Source?) throws(LoadError)
    -> ProcessorState
  {
    let entry: UInt64
    let end: UInt64
    if let addresses = header.addresses {
      try place(
        source, from: addresses.fileOffset, count: addresses.fileSize, at: addresses.load,
        memorySize: addresses.memorySize, field: "Multiboot load_addr")
      entry = addresses.entry
      end = addresses.load + addresses.memorySize
    } else if let elf {
      guard elf.holds(elf.entry) else { throw source.error("e_entry", "is outside of what is loaded") }
      entry = elf.entry
      end = elf.end
    } else {
      throw source.error("Multiboot flags", "give no load address, and the file is not ELF")
    }
    let range = try placeInitrd(module, above: end, limit: Platform.fourGiB)
    try placeCommandLine(limit: LowMemory.commandLineSize - 1)
    let information = multibootInformation(module: range)
    return try copying(source.name) { () throws(GuestMemoryError) in
      for (address, bytes) in information { try memory.write(bytes, at: address) }
      var state = try EntryState.make(.protected, entry: entry, in: memory)
      state[.rax] = 0x2BAD_B002
      state[.rbx] = LowMemory.multibootInfo.value
      return state
    }
  }

  /// Multiboot Specification 0.6.96, 3.3.
  private func multibootInformation(module: MemoryRange?) -> [(GuestAddress, [UInt8])] {
    func low(_ address: GuestAddress) -> UInt32 { UInt32(truncatingIfNeeded: address.value) }
    let commandLine = Array(request.commandLine.utf8)
    let name = Array("swboot\0".utf8)

    var map: [UInt8] = []
    for entry in self.map.entries {
      map.append(littleEndian: UInt32(20))  // the size of what follows it
      map.append(littleEndian: entry.start)
      map.append(littleEndian: entry.count)
      map.append(littleEndian: entry.kind.rawValue)
    }
    var modules: [UInt8] = []
    if let module {
      // Its string is empty: the NUL that ends the command line.
      let words = [low(module.first), low(module.last) &+ 1, low(LowMemory.commandLine + commandLine.count), 0]
      for word in words { modules.append(littleEndian: word) }
    }

    var info = [UInt8](repeating: 0, count: 88)
    let memoryFlag: UInt32 = 1 << 0
    let commandLineFlag: UInt32 = 1 << 2
    let modulesFlag: UInt32 = 1 << 3
    let mapFlag: UInt32 = 1 << 6
    let nameFlag: UInt32 = 1 << 9
    info.store(memoryFlag | commandLineFlag | modulesFlag | mapFlag | nameFlag, at: 0)
    info.store(UInt32(Platform.extendedBIOSData.value >> 10), at: 4)
    info.store(UInt32(truncatingIfNeeded: (memory.lowSize - LowMemory.end) >> 10), at: 8)
    info.store(low(LowMemory.commandLine), at: 16)
    info.store(UInt32(module == nil ? 0 : 1), at: 20)
    info.store(low(LowMemory.multibootModules), at: 24)
    info.store(UInt32(map.count), at: 44)
    info.store(low(LowMemory.multibootMap), at: 48)
    info.store(low(LowMemory.multibootName), at: 64)
    return [
      (LowMemory.multibootInfo, info), (LowMemory.multibootName, name), (LowMemory.multibootModules, modules),
      (LowMemory.multibootMap, map),
    ]
  }
}
