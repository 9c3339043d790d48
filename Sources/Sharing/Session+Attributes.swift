internal import Glibc
internal import Host
internal import Primitives

/// What the guest is told of files, and what it changes of that.
extension Session {
  /// The top folder, of which there is nothing on the host.
  private var topAttributes: [UInt8] {
    var bytes = [UInt8](repeating: 0, count: 88)
    bytes.store(NodeTable.top, at: 0)
    bytes.store(UInt32(S_IFDIR | 0o555), at: 60)
    bytes.store(UInt32(2 + shares.count), at: 64)
    bytes.store(UInt32(4096), at: 80)
    return bytes
  }

  func seconds(_ node: UInt64) -> UInt64 { Protocol.validity(isReadOnly: nodes[node].map { shares[$0.share].isReadOnly } ?? true) }

  mutating func entry(_ node: UInt64, _ status: FileStatus) -> [UInt8] {
    Protocol.entry(node, seconds: seconds(node), Protocol.attributes(status, inode: inode(status)))
  }

  mutating func lookUp(_ name: [UInt8], in folder: UInt64) throws(SystemError) -> [UInt8] {
    guard folder != NodeTable.top else {
      guard let index = Int(String(decoding: name, as: UTF8.self)), shareNodes.indices.contains(index) else { throw SystemError(code: ENOENT) }
      let node = shareNodes[index]
      return entry(node, try hostNode(node).status())
    }
    do throws(SystemError) {
      let (host, isAdded) = try child(name, of: folder)
      let status = try host.status()
      let number = try nodes.add(host, status, named: name, in: folder)
      // It is not found again by its name.
      if isAdded { nodes.keep(host, status.identity, in: folder) }
      return entry(number, status)
    } catch {
      // In a read-only share the guest may remember that there is nothing, too.
      guard error.code == ENOENT, let share = nodes[folder]?.share, shares[share].isReadOnly else { throw error }
      return Protocol.entry(0, seconds: seconds(folder), [UInt8](repeating: 0, count: 88))
    }
  }

  /// What the host has by this name, or what the share has in addition.
  private mutating func child(_ name: [UInt8], of folder: UInt64) throws(SystemError) -> (host: HostNode, isAdded: Bool) {
    do throws(SystemError) { return (try hostFolder(folder).child(name), false) } catch {
      guard error.code == ENOENT, let added = try addedFile(name, in: folder) else { throw error }
      return (added, true)
    }
  }

  mutating func getAttributes(_ message: inout Message) throws(SystemError) -> [UInt8] {
    let flags = try message.word()
    try message.skip(4)
    let number = try message.long()
    guard message.node != NodeTable.top else { return Protocol.attributesFor(seconds: seconds(NodeTable.top), topAttributes) }
    let status = flags & 1 != 0 ? try handle(number).file.status() : try hostNode(message.node).status()
    return attributes(of: message.node, status)
  }

  private mutating func attributes(of node: UInt64, _ status: FileStatus) -> [UInt8] {
    Protocol.attributesFor(seconds: seconds(node), Protocol.attributes(status, inode: inode(status)))
  }

  mutating func usage(_ node: UInt64) throws(SystemError) -> [UInt8] {
    guard let node = node == NodeTable.top ? shareNodes.first : node else { throw SystemError(code: ENOENT) }
    return Protocol.usage(try hostNode(node).usage())
  }

  /// Which attributes a message sets.
  private struct Wanted: OptionSet {
    let rawValue: UInt32
    static let mode = Wanted(rawValue: 1 << 0)
    static let user = Wanted(rawValue: 1 << 1)
    static let group = Wanted(rawValue: 1 << 2)
    static let size = Wanted(rawValue: 1 << 3)
    static let accessed = Wanted(rawValue: 1 << 4)
    static let modified = Wanted(rawValue: 1 << 5)
    static let handle = Wanted(rawValue: 1 << 6)
    static let accessedNow = Wanted(rawValue: 1 << 7)
    static let modifiedNow = Wanted(rawValue: 1 << 8)
  }

  mutating func setAttributes(_ message: inout Message) throws(SystemError) -> [UInt8] {
    let wanted = Wanted(rawValue: try message.word())
    try message.skip(4)
    let (number, size) = (try message.long(), try message.long())
    try message.skip(8)
    let (accessed, modified) = (Int64(bitPattern: try message.long()), Int64(bitPattern: try message.long()))
    try message.skip(8)
    let (accessedRest, modifiedRest) = (try message.nanoseconds(), try message.nanoseconds())
    try message.skip(4)
    let mode = try message.word()
    try message.skip(4)
    let (user, group) = (try message.word(), try message.word())

    let host = try hostNode(message.node)
    if !wanted.isDisjoint(with: [.user, .group]) {
      try host.setOwner(user: wanted.contains(.user) ? user : .max, group: wanted.contains(.group) ? group : .max)
    }
    if wanted.contains(.mode) { try host.setMode(mode & 0o7777) }
    if wanted.contains(.size) {
      guard try host.status().isRegular else { throw SystemError(code: EINVAL) }
      if wanted.contains(.handle) { try writableHandle(number).file.truncate(to: size) } else { try host.truncate(to: size) }
    }
    if !wanted.isDisjoint(with: [.accessed, .modified]) {
      func change(_ isSet: Wanted, _ isNow: Wanted, _ seconds: Int64, _ nanoseconds: UInt32) -> TimeChange {
        guard wanted.contains(isSet) else { return .keep }
        return wanted.contains(isNow) ? .now : .to(FileStatus.Time(seconds: seconds, nanoseconds: nanoseconds))
      }
      try host.setTimes(
        accessed: change(.accessed, .accessedNow, accessed, accessedRest), modified: change(.modified, .modifiedNow, modified, modifiedRest))
    }
    return attributes(of: message.node, try host.status())
  }
}
