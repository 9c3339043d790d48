import Host
import Primitives
import Sharing
import TestSupport
import Testing

/// The file system driver of a guest, as messages: it shares one folder, whose number in there is `root`.
final class FileDriver {
  let server: FileServer
  let folder: TemporaryFolder
  private(set) var root: UInt64 = 0
  private var unique: UInt64 = 0

  struct Answer {
    let error: Int32
    let body: [UInt8]
    /// The number of the file that an entry tells of.
    var node: UInt64 { body.load(at: 0) ?? 0 }
  }

  init(isReadOnly: Bool = false) throws {
    folder = TemporaryFolder()
    server = try FileServer([Share(path: folder.path, isReadOnly: isReadOnly)])
    start()
  }

  /// Of a server that shares something else.
  init(_ server: FileServer, folder: TemporaryFolder) {
    self.folder = folder
    self.server = server
    start()
  }

  func start() {
    _ = send(26, 0, Self.words(7, 38, 131072, .max))
    root = send(1, 1, Self.text("0")).node
  }

  /// Sends a message; a negative `error` stands for no answer.
  func send(_ operation: UInt32, _ node: UInt64, _ body: [UInt8] = [], room: Int = 1 << 17, user: UInt32 = 0) -> Answer {
    unique += 1
    var message = Self.words(UInt32(40 + body.count), operation)
    message.append(littleEndian: unique)
    message.append(littleEndian: node)
    message += Self.words(user, 0, 1, 0) + body
    let answer = server.answer(message, room: room)
    guard let error: UInt32 = answer.load(at: 4) else { return Answer(error: -1, body: []) }
    #expect(answer.load(UInt32.self, at: 0) == UInt32(answer.count))
    #expect(answer.load(UInt64.self, at: 8) == unique)
    return Answer(error: -Int32(bitPattern: error), body: Array(answer.dropFirst(16)))
  }

  static func words(_ values: UInt32...) -> [UInt8] {
    var bytes: [UInt8] = []
    for value in values { bytes.append(littleEndian: value) }
    return bytes
  }

  static func longs(_ values: UInt64...) -> [UInt8] {
    var bytes: [UInt8] = []
    for value in values { bytes.append(littleEndian: value) }
    return bytes
  }

  static func text(_ text: String) -> [UInt8] { Array(text.utf8) + [0] }

  // MARK: What drivers often do

  func lookUp(_ name: String, in node: UInt64? = nil) -> Answer { send(1, node ?? root, Self.text(name)) }
  func open(_ node: UInt64, _ flags: UInt32) -> Answer { send(14, node, Self.words(flags, 0)) }
  func read(_ node: UInt64, _ handle: UInt64, at offset: UInt64 = 0, count: UInt32 = 4096) -> Answer {
    send(15, node, Self.longs(handle, offset) + Self.words(count, 0) + Self.longs(0, 0))
  }
  func write(_ node: UInt64, _ handle: UInt64, _ bytes: [UInt8], at offset: UInt64 = 0, claiming count: UInt32? = nil) -> Answer {
    send(16, node, Self.longs(handle, offset) + Self.words(count ?? UInt32(bytes.count), 0) + Self.longs(0) + Self.words(0, 0) + bytes)
  }
  func create(_ name: String, mode: UInt32 = 0o100644, flags: UInt32 = 0o102) -> Answer {
    send(35, root, Self.words(flags, mode, 0, 0) + Self.text(name))
  }
  func makeFolder(_ name: String, in node: UInt64? = nil) -> Answer { send(9, node ?? root, Self.words(0o755, 0) + Self.text(name)) }
  func rename(_ name: String, to newName: String, flags: UInt32 = 0) -> Answer {
    send(45, root, Self.longs(root) + Self.words(flags, 0) + Self.text(name) + Self.text(newName))
  }

  /// The names that a folder has, by as many messages as it takes.
  func names(in node: UInt64, room: UInt32 = 4096, withAttributes: Bool = false) -> [String] {
    let handle = send(27, node, Self.words(0, 0)).node
    var names: [String] = []
    var place: UInt64 = 0
    while true {
      let answer = send(withAttributes ? 44 : 28, node, Self.longs(handle, place) + Self.words(room, 0) + Self.longs(0, 0))
      var start = withAttributes ? 128 : 0
      guard answer.error == 0, !answer.body.isEmpty else { return names }
      while let next: UInt64 = answer.body.load(at: start + 8), let count: UInt32 = answer.body.load(at: start + 16) {
        names.append(String(decoding: answer.body[(start + 24)..<(start + 24 + Int(count))], as: UTF8.self))
        place = next
        start += (24 + Int(count) + 7) / 8 * 8 + (withAttributes ? 128 : 0)
      }
    }
  }
}
