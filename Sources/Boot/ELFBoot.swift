import GuestRAM
internal import Host
import Primitives
import Processor

extension Loader {
  /// Starts an ELF kernel: by its PVH note, or as Linux' own 64-bit start.
  func startELF(_ source: Source, initrd: Source?, deviceTree: [UInt8]) throws(LoadError) -> ProcessorState {
    let image = try ELFImage(source)
    try place(image, from: source)
    if let entry = try pvhEntry(of: image, in: source) {
      return try enterPVH(entry, source, initrd: initrd, floor: image.end)
    }
    guard image.is64Bit else { throw source.error("its notes", "hold no PVH entry, which a 32-bit ELF kernel needs") }
    guard image.holds(image.entry) else { throw source.error("e_entry", "is outside of what is loaded") }
    var parameters = BootParameters()
    try finish(
      &parameters, initrd: initrd, deviceTree: deviceTree, floor: image.end, initrdLimit: memory.lowSize,
      commandLineLimit: 2047)
    return try copying(source.name) { () throws(GuestMemoryError) in
      var state = try EntryState.make(.long, entry: image.entry, in: memory)
      state[.rsi] = LowMemory.bootParameters.value
      return state
    }
  }

  /// Copies the segments and clears what the file does not fill.
  func place(_ image: ELFImage, from source: Source) throws(LoadError) {
    for segment in image.segments {
      guard segment.address >= LowMemory.end else {
        throw source.error("p_paddr", "is 0x\(segment.address.hex()), below 1 MiB")
      }
      try source.check(segment.address, count: segment.memorySize, field: "p_paddr", lowSize: memory.lowSize)
      try place(source, from: segment.fileOffset, count: segment.fileSize, at: segment.address)
      try copying(source.name) { () throws(GuestMemoryError) in
        try memory.fill(
          0, count: Int(segment.memorySize - segment.fileSize), at: GuestAddress(segment.address + segment.fileSize))
      }
    }
  }

  private func pvhEntry(of image: ELFImage, in source: Source) throws(LoadError) -> UInt64? {
    for extent in image.notes {
      guard extent.count <= PVHNote.limit else { throw source.error("p_filesz", "of the notes is more than 1 MiB") }
      let notes = try source.bytes(at: extent.offset, count: Int(extent.count))
      guard let entry = try PVHNote.entry(in: notes, file: source.name) else { continue }
      guard image.holds(entry), entry <= UInt32.max else {
        throw source.error("the PVH entry", "0x\(entry.hex()) is outside of what is loaded")
      }
      return entry
    }
    return nil
  }

  /// Fills in the start information of PVH (Xen, docs/misc/pvh) and enters in protected mode.
  private func enterPVH(_ entry: UInt64, _ source: Source, initrd: Source?, floor: UInt64) throws(LoadError)
    -> ProcessorState
  {
    let module = try placeInitrd(initrd, above: floor, limit: Platform.fourGiB)
    try placeCommandLine(limit: LowMemory.commandLineSize - 1)
    let entries = map.entries
    var info: [UInt8] = []
    for word: UInt32 in [0x336E_C578, 1, 0, module == nil ? 0 : 1] { info.append(littleEndian: word) }
    for word in [
      module == nil ? 0 : LowMemory.startInfoModules.value, LowMemory.commandLine.value, request.rootPointer,
      LowMemory.startInfoMap.value,
    ] { info.append(littleEndian: word) }
    info.append(littleEndian: UInt32(entries.count))
    info.append(littleEndian: UInt32(0))

    var modules: [UInt8] = []
    for word in [module?.first.value ?? 0, module?.count ?? 0, 0, 0] { modules.append(littleEndian: word) }
    var packed: [UInt8] = []
    for entry in entries {
      packed.append(littleEndian: entry.start)
      packed.append(littleEndian: entry.count)
      packed.append(littleEndian: entry.kind.rawValue)
      packed.append(littleEndian: UInt32(0))
    }
    return try copying(source.name) { () throws(GuestMemoryError) in
      try memory.write(info, at: LowMemory.startInfo)
      try memory.write(modules, at: LowMemory.startInfoModules)
      try memory.write(packed, at: LowMemory.startInfoMap)
      var state = try EntryState.make(.protected, entry: entry, in: memory)
      state[.rbx] = LowMemory.startInfo.value
      return state
    }
  }
}
