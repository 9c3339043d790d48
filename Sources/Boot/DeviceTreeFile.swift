import Host

extension Loader {
  func readDeviceTree(_ path: String) throws(LoadError) -> [UInt8] {
    do throws(FileError) { return try HostFile(path: path).contents(limit: UInt64(LowMemory.setupDataSize)) } catch {
      throw .file(error)
    }
  }
}
