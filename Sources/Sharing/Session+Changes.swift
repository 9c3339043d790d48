internal import Glibc
internal import Host
internal import Primitives

/// What the guest makes, moves and removes in folders that it may write to.
extension Session {
  mutating func make(_ operation: Operation, _ message: inout Message) throws(SystemError) -> [UInt8] {
    let node = message.node
    switch operation {
    case .makeLink:
      let (name, target) = (try message.name(), try message.text())
      try hostFolder(node).makeLink(name, to: target)
      return try made(name, &message, mode: nil)
    case .makeNode:
      let mode = try message.word()
      try message.skip(12)
      let name = try message.name()
      // A device would be the host's.
      guard [S_IFREG, S_IFIFO, S_IFSOCK].contains(mode & S_IFMT) else { throw SystemError(code: EPERM) }
      try hostFolder(node).makeNode(name, mode: mode)
      return try made(name, &message, mode: mode)
    case .makeFolder:
      let mode = try message.word()
      try message.skip(4)
      let name = try message.name()
      try hostFolder(node).makeFolder(name, mode: mode & 0o7777)
      return try made(name, &message, mode: mode)
    case .link:
      let old = try message.long()
      let name = try message.name()
      guard nodes[old]?.share == nodes[node]?.share else { throw SystemError(code: EXDEV) }
      try hostFolder(node).link(name, to: hostNode(old))
      return try lookUp(name, in: node)
    default: return try create(&message)
    }
  }

  private mutating func create(_ message: inout Message) throws(SystemError) -> [UInt8] {
    let (flags, mode) = (Int32(bitPattern: try message.word()), try message.word())
    try message.skip(8)
    let name = try message.name()
    do throws(SystemError) {
      let file = try hostFolder(message.node).create(name, flags & (O_ACCMODE | O_APPEND), mode: mode & 0o7777)
      return try created(file, made(name, &message, mode: mode), flags)
    } catch {
      guard error.code == EEXIST, flags & O_EXCL == 0 else { throw error }
    }
    // Somebody else was faster: what is there is opened.
    let host = try hostFolder(message.node).child(name)
    guard try host.status().isRegular else { throw SystemError(code: EEXIST) }
    return try created(host.open(flags & (O_ACCMODE | O_APPEND | O_TRUNC)), lookUp(name, in: message.node), flags)
  }

  private mutating func created(_ file: OpenFile, _ entry: [UInt8], _ flags: Int32) throws(SystemError) -> [UInt8] {
    let node = entry.load(UInt64.self, at: 0) ?? 0
    return entry + Protocol.opened(try addHandle(file, of: node, isWritable: flags & O_ACCMODE != O_RDONLY), keepsPages: true)
  }

  /// What was just made gets its owner, if that is ours to give, and exactly the mode that the guest said.
  private mutating func made(_ name: [UInt8], _ message: inout Message, mode: UInt32?) throws(SystemError) -> [UInt8] {
    let folder = try hostFolder(message.node)
    let host = try folder.child(name)
    let status = try host.status()
    // In a folder with this bit the folder's group counts, and the host has given it.
    let group = try folder.status().mode & S_ISGID == 0 ? message.group : status.group
    let isOthers = geteuid() == 0 && (status.user != message.user || status.group != group)
    if isOthers { try host.setOwner(user: message.user, group: group) }
    // A new owner takes some of the mode away.
    if let mode, isOthers || status.mode & 0o7777 != mode & 0o7777 { try host.setMode(mode & 0o7777 | status.mode & S_ISGID) }
    return try lookUp(name, in: message.node)
  }

  mutating func remove(_ name: [UInt8], from folder: UInt64, isFolder: Bool) throws(SystemError) {
    let parent = try hostFolder(folder)
    try keep(name, in: parent, folder)
    try parent.remove(name, isFolder: isFolder)
  }

  /// The guest may go on using what loses its name.
  private mutating func keep(_ name: [UInt8], in folder: HostNode, _ number: UInt64) throws(SystemError) {
    guard let host = try? folder.child(name) else { return }
    nodes.keep(host, try host.status().identity, in: number)
  }

  mutating func rename(_ message: inout Message, hasFlags: Bool) throws(SystemError) {
    let target = try message.long()
    let flags = hasFlags ? try message.word() : 0
    if hasFlags { try message.skip(4) }
    let (name, newName) = (try message.name(), try message.name())
    // Not to replace, and to exchange.
    guard flags & ~3 == 0 else { throw SystemError(code: EINVAL) }
    guard nodes[message.node]?.share == nodes[target]?.share else { throw SystemError(code: EXDEV) }
    let (from, to) = (try hostFolder(message.node), try hostFolder(target))
    if flags == 0 { try keep(newName, in: to, target) }
    try from.rename(name, to: to, newName, flags: flags)
    if let moved = try? to.child(newName).status() { nodes.move(moved.identity, to: target, newName) }
    if flags & 2 != 0, let moved = try? from.child(name).status() { nodes.move(moved.identity, to: message.node, name) }
  }
}
