internal import CLinux
internal import Glibc

/// What the host tells of a file.
public struct FileStatus: Equatable, Sendable {
  public struct Time: Equatable, Sendable {
    public var seconds: Int64
    public var nanoseconds: UInt32

    public init(seconds: Int64, nanoseconds: UInt32) {
      self.seconds = seconds
      self.nanoseconds = nanoseconds
    }
  }

  /// What tells the file from all others, also where the same one is mounted twice.
  public struct Identity: Hashable, Sendable {
    public let mount: UInt64
    public let device: UInt64
    public let number: UInt64
  }

  public let identity: Identity
  /// Kind and permissions, as stat(2) has them.
  public let mode: UInt32
  public let links: UInt32
  public let user: UInt32
  public let group: UInt32
  public let size: UInt64
  public let blocks: UInt64
  public let blockSize: UInt32
  /// Of a device, its number.
  public let specialDevice: UInt64
  public let accessed: Time
  public let modified: Time
  public let changed: Time

  public var isFolder: Bool { mode & S_IFMT == S_IFDIR }
  public var isRegular: Bool { mode & S_IFMT == S_IFREG }

  init(_ status: linux_file_status) {
    identity = Identity(mount: status.mount, device: status.device, number: status.number)
    mode = status.mode
    links = status.links
    user = status.user
    group = status.group
    size = status.size
    blocks = status.blocks
    blockSize = status.block_size
    specialDevice = status.special_device
    accessed = Time(seconds: status.accessed, nanoseconds: status.accessed_nanoseconds)
    modified = Time(seconds: status.modified, nanoseconds: status.modified_nanoseconds)
    changed = Time(seconds: status.changed, nanoseconds: status.changed_nanoseconds)
  }
}
