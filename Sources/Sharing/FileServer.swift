internal import Glibc
public import Host
internal import Primitives
internal import Synchronization

/// Serves folders of the host to the driver of a guest, in the messages of FUSE.
///
/// The guest sees one file system, whose top folder has the shares by their numbers, 0, 1, and so on. It can reach what is in
/// them and nothing else: every file is found by one name in a folder, links are the guest's to follow, only regular files and
/// folders are opened, and file systems of the host's kernel are empty.
public final class FileServer: Sendable {
  /// The most bytes that one message reads or writes.
  static let transferLimit = 1 << 20
  /// The most files that a guest has open.
  public static let handleLimit = 4096
  /// The longest message worth reading.
  public static let messageLimit = transferLimit + 4096

  private let session: Mutex<Session>
  private let shares: [Share]

  /// Opens nothing but the shares' own folders.
  public init(_ shares: [Share]) throws(FileError) {
    self.shares = shares
    session = Mutex(try Session(shares))
  }

  /// Answers a message; nothing where nobody waits for an answer, or could take it.
  ///
  /// - Parameter room: how long the answer may be.
  public func answer(_ message: [UInt8], room: Int) -> [UInt8] {
    guard let message = Message(message) else { return [] }
    let result = session.withLock { session -> Result<[UInt8], SystemError> in
      do throws(SystemError) { return .success(try session.carryOut(message, room: room - Self.headerSize)) } catch {
        // The next message has more luck with fewer descriptors in use.
        if error.code == EMFILE { session.nodes.forgetRecent() }
        return .failure(error)
      }
    }
    guard message.operation?.isSilent != true, room >= Self.headerSize else { return [] }
    switch result {
    case .success(let body) where body.count <= room - Self.headerSize: return Self.header(message.unique, error: 0, count: body.count) + body
    case .success: return Self.header(message.unique, error: ERANGE)
    case .failure(let error): return Self.header(message.unique, error: error.code)
    }
  }

  private static let headerSize = 16

  private static func header(_ unique: UInt64, error: Int32, count: Int = 0) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.append(littleEndian: UInt32(truncatingIfNeeded: headerSize + count))
    bytes.append(littleEndian: -error)
    bytes.append(littleEndian: unique)
    return bytes
  }
}
