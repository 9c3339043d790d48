/// How full a file system of the host is.
public struct FileSystemUsage: Equatable, Sendable {
  public let blocks: UInt64
  public let freeBlocks: UInt64
  public let availableBlocks: UInt64
  public let files: UInt64
  public let freeFiles: UInt64
  public let blockSize: UInt32
  public let nameLimit: UInt32
  public let fragmentSize: UInt32
}
