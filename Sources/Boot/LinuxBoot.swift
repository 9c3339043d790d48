import GuestRAM
import Primitives
import Processor

extension Loader {
  /// Starts a bzImage at its 64-bit entry, or at the 32-bit one if it has no other.
  func startLinux(_ source: Source, initrd: Source?, deviceTree: [UInt8]) throws(LoadError) -> ProcessorState {
    let bytes = try source.bytes(at: 0, count: LinuxImage.headerReach)
    let image = try LinuxImage(bytes, fileSize: source.size, file: source.name)
    let address = try image.loadAddress(lowSize: memory.lowSize, file: source.name)

    var parameters = BootParameters(header: image.header)
    parameters.setKernel(address)
    let kernel = try unpackedKernel(image, in: source, at: address)
    if kernel == nil { try place(source, from: image.setupSize, count: image.kernelSize, at: address) }
    if kernel?.isRandom == true { parameters.setRandomBase() }
    try finish(
      &parameters, initrd: initrd, deviceTree: deviceTree, floor: address + image.memorySize,
      initrdLimit: image.initrdLimit, commandLineLimit: image.commandLineLimit)
    return try copying(source.name) { () throws(GuestMemoryError) in
      let mode: EntryState.Mode = image.has64BitEntry ? .long : .protected
      var state = try EntryState.make(mode, entry: kernel?.entry ?? (mode == .long ? address + 0x200 : address), in: memory)
      state[.rsi] = LowMemory.bootParameters.value
      return state
    }
  }

  /// What every Linux is told, whichever way it was loaded.
  func finish(
    _ parameters: inout BootParameters, initrd: Source?, deviceTree: [UInt8], floor: UInt64, initrdLimit: UInt64,
    commandLineLimit: Int
  ) throws(LoadError) {
    if let range = try placeInitrd(initrd, above: floor, limit: initrdLimit) { parameters.setInitrd(range) }
    try placeCommandLine(limit: commandLineLimit)
    parameters.setCommandLine(LowMemory.commandLine)
    parameters.setRootPointer(request.rootPointer)
    parameters.setMemoryMap(map)
    if let screen = request.screen { parameters.setScreen(screen) }

    var extra = SetupData()
    extra.add(.randomSeed, request.randomSeed)
    extra.add(.deviceTree, deviceTree)
    let list = extra.bytes(at: LowMemory.setupData)
    guard list.count <= LowMemory.setupDataSize else {
      throw .field(
        file: request.deviceTree ?? request.kernel, name: "totalsize",
        problem: "is more than the \(LowMemory.setupDataSize) bytes that there is room for")
    }
    if !list.isEmpty { parameters.setSetupData(LowMemory.setupData.value) }
    try copying(request.kernel) { () throws(GuestMemoryError) in
      try memory.write(list, at: LowMemory.setupData)
      try memory.write(parameters.bytes, at: LowMemory.bootParameters)
    }
  }
}
