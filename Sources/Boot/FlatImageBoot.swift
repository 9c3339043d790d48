import GuestRAM
import Host
import Processor

extension Loader {
  /// Starts what a FIT image's default configuration names; the user's own files come before the image's.
  func startImageTree(_ source: Source, initrd: Source?, deviceTree: [UInt8]) throws(LoadError) -> ProcessorState {
    let image = try FlatImageTree(source)
    guard let kernel = try image.image(.kernel) else { throw source.error("/configurations", "name no kernel") }
    var initrd = initrd
    // A compressed RAM disk is the kernel's to unpack.
    if initrd == nil { initrd = try image.image(.ramdisk)?.source }
    var deviceTree = deviceTree
    if deviceTree.isEmpty, let part = try image.image(.deviceTree) {
      let data = try unpacked(part, limit: UInt64(LowMemory.setupDataSize))
      guard data.size <= LowMemory.setupDataSize else {
        throw source.error("\(part.path)/data", "is more than the \(LowMemory.setupDataSize) bytes that there is room for")
      }
      let bytes = try data.bytes(at: 0, count: LowMemory.setupDataSize)
      do throws(DeviceTree.Flaw) { deviceTree = try DeviceTree(bytes).bytes } catch {
        throw LoadError(error, file: "\(source.name): \(part.path)")
      }
    }
    return try start(
      try unpacked(kernel, limit: memory.size), initrd: initrd, deviceTree: deviceTree, inside: [.flatImageTree])
  }

  private func unpacked(_ image: FlatImageTree.Image, limit: UInt64) throws(LoadError) -> Source {
    switch image.compression {
    case .none: image.source
    case .gzip: try image.source.unpacked(as: .gzip, limit: limit)
    }
  }
}
