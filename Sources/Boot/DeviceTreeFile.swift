import Host

extension Loader {
  /// The device tree for the kernel, checked before the guest's kernel has to trust it.
  func readDeviceTree(_ path: String) throws(LoadError) -> [UInt8] {
    let bytes: [UInt8]
    do throws(FileError) {
      bytes = try request.files.file(path).contents(limit: UInt64(LowMemory.setupDataSize))
    } catch { throw .file(error) }
    do throws(DeviceTree.Flaw) { return try DeviceTree(bytes).bytes } catch { throw LoadError(error, file: path) }
  }
}

extension LoadError {
  init(_ flaw: DeviceTree.Flaw, file: String) {
    self =
      switch flaw {
      case .header: .field(file: file, name: "totalsize", problem: "or the magic is not that of a device tree")
      case .structure: .field(file: file, name: "the structure block", problem: "is damaged")
      case .tooDeep:
        .field(file: file, name: "the structure block", problem: "nests more than \(DeviceTree.depthLimit) nodes")
      }
  }
}
