internal import Glibc
internal import Host
internal import Primitives

/// What a driver and the server know of each other.
struct Session {
  struct Handle {
    let file: OpenFile
    let node: UInt64
    let isWritable: Bool
  }

  var nodes = NodeTable()
  private var handles: [UInt64: Handle] = [:]
  private var lastHandle: UInt64 = 0
  let shares: [Share]
  private let roots: [HostNode]
  private(set) var shareNodes: [UInt64] = []
  /// File systems of the host that files were seen on, so that equal numbers on two of them become different ones.
  private var devices: [UInt64: UInt64] = [:]

  /// Files that shares have in addition, by the shares' numbers; of those that were looked for.
  private var addedFiles: [Int: [String: HostNode]] = [:]

  init(_ shares: [Share]) throws(FileError) {
    self.shares = shares
    var roots: [HostNode] = []
    for share in shares {
      do throws(SystemError) {
        let root = try HostNode(path: share.path)
        guard try root.status().isFolder else { throw SystemError(code: ENOTDIR) }
        roots.append(root)
      } catch { throw FileError(path: share.path, .system(error)) }
    }
    self.roots = roots
  }

  mutating func carryOut(_ message: Message, room: Int) throws(SystemError) -> [UInt8] {
    var message = message
    guard let operation = message.operation else { throw SystemError(code: ENOSYS) }
    if operation.isChange { try checkWritable(message.node) }
    switch operation {
    case .start: return try start(&message)
    case .destroy, .interrupt: return []
    case .lookUp: return try lookUp(message.name(), in: message.node)
    case .forget: nodes.forget(message.node, try message.long())
    case .forgetMany: try forgetMany(&message)
    case .getAttributes: return try getAttributes(&message)
    case .setAttributes: return try setAttributes(&message)
    case .readLink: return try hostNode(message.node).linkTarget()
    case .usage: return try usage(message.node)
    case .makeLink, .makeNode, .makeFolder, .create, .link: return try make(operation, &message)
    case .unlink, .removeFolder: try remove(message.name(), from: message.node, isFolder: operation == .removeFolder)
    case .rename, .renameWithFlags: try rename(&message, hasFlags: operation == .renameWithFlags)
    case .open, .openFolder: return try open(&message, isFolder: operation == .openFolder)
    case .release, .releaseFolder: handles[try message.long()] = nil
    case .read: return try read(&message, room: room)
    case .write: return try write(&message)
    case .synchronize, .synchronizeFolder:
      let file = try handle(message.long()).file
      try file.flush(dataOnly: message.word() & 1 != 0)
    case .allocate:
      let handle = try writableHandle(message.long())
      let (offset, count) = (try message.long(), try message.long())
      try handle.file.allocate(message.word(), at: offset, count: count)
    case .seek: return try seek(&message)
    case .readFolder: return try readFolder(&message, room: room, withAttributes: false)
    case .readFolderWithAttributes: return try readFolder(&message, room: room, withAttributes: true)
    }
    return []
  }

  /// A driver begins anew: whatever there was belongs to nobody.
  private mutating func start(_ message: inout Message) throws(SystemError) -> [UInt8] {
    let (major, _, readAhead, offered) = (try message.word(), try message.word(), try message.word(), try message.word())
    guard major >= Protocol.major else { throw SystemError(code: EPROTO) }
    nodes = NodeTable()
    handles = [:]
    shareNodes = []
    for (index, root) in roots.enumerated() { shareNodes.append(nodes.addShare(root, try root.status(), index: index)) }
    return Protocol.started(readAhead: readAhead, flags: offered & Protocol.flags, transfer: UInt32(FileServer.transferLimit))
  }

  private mutating func forgetMany(_ message: inout Message) throws(SystemError) {
    let count = try message.word()
    try message.skip(4)
    for _ in 0..<count { nodes.forget(try message.long(), try message.long()) }
  }

  // MARK: What a message names

  /// A descriptor of a file that is on the host.
  mutating func hostNode(_ number: UInt64) throws(SystemError) -> HostNode { try nodes.host(number) }

  /// A folder with names in it that the host has.
  mutating func hostFolder(_ number: UInt64) throws(SystemError) -> HostNode {
    guard nodes[number]?.isSealed != true else { throw SystemError(code: ENOENT) }
    return try hostNode(number)
  }

  /// A file that the share has in addition, if this is the share's own folder.
  mutating func addedFile(_ name: [UInt8], in folder: UInt64) throws(SystemError) -> HostNode? {
    guard let share = shareNodes.firstIndex(of: folder), let added = shares[share].added else { return nil }
    let name = String(decoding: name, as: UTF8.self)
    guard added.names.contains(name) else { return nil }
    var files = addedFiles[share] ?? [:]
    if addedFiles[share] == nil {
      for (name, content) in added.make() { files[name] = try HostNode(named: name, content: content) }
      addedFiles[share] = files
    }
    return files[name]
  }

  func checkWritable(_ number: UInt64) throws(SystemError) {
    guard let node = nodes[number] else { throw SystemError(code: number == NodeTable.top ? EROFS : ENOENT) }
    guard !node.isSealed, !shares[node.share].isReadOnly else { throw SystemError(code: EROFS) }
  }

  /// The number by which the guest knows a file from others.
  mutating func inode(_ status: FileStatus) -> UInt64 { inode(status.identity.number, on: status.identity.device) }

  mutating func inode(_ number: UInt64, on device: UInt64) -> UInt64 {
    let index = devices[device] ?? UInt64(devices.count)
    devices[device] = index
    return number ^ index << 48
  }

  // MARK: Handles

  mutating func addHandle(_ file: OpenFile, of node: UInt64, isWritable: Bool) throws(SystemError) -> UInt64 {
    guard handles.count < FileServer.handleLimit else { throw SystemError(code: ENFILE) }
    lastHandle += 1
    handles[lastHandle] = Handle(file: file, node: node, isWritable: isWritable)
    return lastHandle
  }

  func handle(_ number: UInt64) throws(SystemError) -> Handle {
    guard let handle = handles[number] else { throw SystemError(code: EBADF) }
    return handle
  }

  func writableHandle(_ number: UInt64) throws(SystemError) -> Handle {
    let handle = try handle(number)
    guard handle.isWritable else { throw SystemError(code: EBADF) }
    return handle
  }
}
