internal import Glibc
internal import Host
internal import Primitives

/// A message of the guest's driver: its header, and its fields one after the other. What is not there is an invalid argument.
struct Message {
  static let headerSize = 40

  let operation: Operation?
  let unique: UInt64
  let node: UInt64
  let user: UInt32
  let group: UInt32
  private var rest: ArraySlice<UInt8>

  /// Nil where it is too short to be answered, or is not as long as it says.
  init?(_ bytes: [UInt8]) {
    guard let count: UInt32 = bytes.load(at: 0), count == bytes.count, count >= Self.headerSize, let number: UInt32 = bytes.load(at: 4),
      let unique: UInt64 = bytes.load(at: 8), let node: UInt64 = bytes.load(at: 16), let user: UInt32 = bytes.load(at: 24),
      let group: UInt32 = bytes.load(at: 28)
    else { return nil }
    operation = Operation(rawValue: number)
    (self.unique, self.node, self.user, self.group) = (unique, node, user, group)
    rest = bytes[Self.headerSize...]
  }

  mutating func word() throws(SystemError) -> UInt32 { UInt32(truncatingIfNeeded: try number(4)) }
  mutating func long() throws(SystemError) -> UInt64 { try number(8) }
  mutating func skip(_ count: Int) throws(SystemError) { _ = try bytes(count) }

  /// Nanoseconds, fewer than a second of them.
  mutating func nanoseconds() throws(SystemError) -> UInt32 {
    let value = try word()
    guard value < 1_000_000_000 else { throw SystemError(code: EINVAL) }
    return value
  }

  /// Text up to a NUL.
  mutating func text() throws(SystemError) -> [UInt8] {
    guard let end = rest.firstIndex(of: 0) else { throw SystemError(code: EINVAL) }
    defer { rest = rest[(end + 1)...] }
    return Array(rest[..<end])
  }

  /// One name in a folder, that leads nowhere else.
  mutating func name() throws(SystemError) -> [UInt8] {
    let name = try text()
    guard name.count <= 255 else { throw SystemError(code: ENAMETOOLONG) }
    guard !name.isEmpty, !name.contains(0x2F), name != Array(".".utf8), name != Array("..".utf8) else { throw SystemError(code: EINVAL) }
    return name
  }

  mutating func bytes(_ count: Int) throws(SystemError) -> [UInt8] {
    guard count >= 0, count <= rest.count else { throw SystemError(code: EINVAL) }
    defer { rest = rest.dropFirst(count) }
    return Array(rest.prefix(count))
  }

  private mutating func number(_ count: Int) throws(SystemError) -> UInt64 {
    try bytes(count).reversed().reduce(0) { $0 << 8 | UInt64($1) }
  }
}
