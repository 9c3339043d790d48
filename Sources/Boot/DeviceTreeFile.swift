import Host

extension Loader {
  /// The device tree for the kernel, checked before the guest's kernel has to trust it.
  func readDeviceTree(_ path: String) throws(LoadError) -> [UInt8] {
    let bytes: [UInt8]
    do throws(FileError) {
      bytes = try HostFile(path: path).contents(limit: UInt64(LowMemory.setupDataSize))
    } catch { throw .file(error) }
    do throws(DeviceTree.Flaw) { return try DeviceTree(bytes).bytes } catch {
      switch error {
      case .header: throw .field(file: path, name: "totalsize", problem: "or the magic is not that of a device tree")
      case .structure: throw .field(file: path, name: "the structure block", problem: "is damaged")
      case .tooDeep:
        throw .field(file: path, name: "the structure block", problem: "nests more than \(DeviceTree.depthLimit) nodes")
      }
    }
  }
}
