/// Why a file of the user cannot serve.
public struct FileError: Error, Equatable, Sendable, CustomStringConvertible {
  public enum Reason: Equatable, Sendable {
    /// The host refused a call.
    case system(SystemError)
    /// Not the kind of file that has bytes at offsets.
    case kind(FileKind)
    /// Not the kind of file that takes bytes.
    case unwritable(FileKind)
    case empty
    /// A disk ends within a sector.
    case partialSector(size: UInt64)
    /// Another machine has the disk open for writing, or has it open while we want to write.
    case locked
    /// The file became shorter while it was read.
    case truncated
    case tooLarge(limit: UInt64)
    /// A compressed file whose contents are damaged.
    case damagedCompression
    case noELF
  }
  public let path: String
  public let reason: Reason

  public init(path: String, _ reason: Reason) {
    self.path = path
    self.reason = reason
  }

  public var description: String {
    let words =
      switch reason {
      case .system(let error): error.description
      case .unwritable(let kind): "is \(kind.description), which nothing can be written to here"
      case .kind(let kind): "is \(kind.description), not a regular file"
      case .empty: "is empty"
      case .partialSector(let size): "is \(size) bytes long, which is not a multiple of the 512-byte sector"
      case .locked: "is in use by another virtual machine"
      case .truncated: "became shorter while it was being read"
      case .tooLarge(let limit): "is larger than the limit of \(limit) bytes"
      case .noELF: "is no ELF file"
      case .damagedCompression: "is compressed, but the compressed data are damaged"
      }
    return "\(path): \(words)"
  }
}
