internal import Glibc
internal import Host
internal import Primitives

/// Open files: their bytes, and the names in folders.
extension Session {
  mutating func open(_ message: inout Message, isFolder: Bool) throws(SystemError) -> [UInt8] {
    let flags = Int32(bitPattern: try message.word())
    let node = message.node
    // The top folder and sealed ones have their names from nowhere.
    if isFolder, node == NodeTable.top || nodes[node]?.isSealed == true { return Protocol.opened(0, keepsPages: true) }
    let host = try hostNode(node)
    let status = try host.status()
    guard !isFolder else {
      guard status.isFolder else { throw SystemError(code: ENOTDIR) }
      let handle = try addHandle(host.open(O_RDONLY | O_DIRECTORY), of: node, isWritable: false)
      return Protocol.opened(handle, keepsPages: true)
    }
    // Devices, pipes and sockets are the guest's own: of the host's nobody opens one.
    guard status.isRegular, nodes[node]?.isSealed == false else { throw SystemError(code: EACCES) }
    let isWritable = flags & O_ACCMODE != O_RDONLY
    if isWritable || flags & O_TRUNC != 0 { try checkWritable(node) }
    let file = try host.open(flags & (O_ACCMODE | O_APPEND | O_TRUNC))
    return Protocol.opened(try addHandle(file, of: node, isWritable: isWritable), keepsPages: true)
  }

  mutating func read(_ message: inout Message, room: Int) throws(SystemError) -> [UInt8] {
    let handle = try handle(message.long())
    let (offset, count) = (try message.long(), try message.word())
    return try handle.file.read(min(Int(count), room, FileServer.transferLimit), at: offset)
  }

  mutating func write(_ message: inout Message) throws(SystemError) -> [UInt8] {
    let handle = try writableHandle(message.long())
    let (offset, count) = (try message.long(), try message.word())
    try message.skip(20)
    try handle.file.write(message.bytes(Int(count)), at: offset)
    var answer: [UInt8] = []
    answer.append(littleEndian: count)
    answer.append(littleEndian: UInt32(0))
    return answer
  }

  mutating func seek(_ message: inout Message) throws(SystemError) -> [UInt8] {
    let handle = try handle(message.long())
    let (offset, from) = (try message.long(), try message.word())
    // SEEK_DATA and SEEK_HOLE; all else the guest does by itself.
    guard from == 3 || from == 4 else { throw SystemError(code: EINVAL) }
    var answer: [UInt8] = []
    answer.append(littleEndian: try handle.file.seek(offset, toHole: from == 4))
    return answer
  }

  /// Names in a folder from a place on, as many as there is room for.
  mutating func readFolder(_ message: inout Message, room: Int, withAttributes: Bool) throws(SystemError) -> [UInt8] {
    let (number, place, count) = (try message.long(), try message.long(), try message.word())
    let room = min(Int(count), room, FileServer.transferLimit)
    if message.node == NodeTable.top || nodes[message.node]?.isSealed == true { return [] }
    let handle = try handle(number)
    guard handle.node == message.node else { throw SystemError(code: EBADF) }
    let device = try handle.file.status().identity.device
    var answer: [UInt8] = []
    // Names take more room in the answer than here.
    for entry in try handle.file.entries(from: Int64(bitPattern: place), limit: max(room / 2, 512)) {
      let name = Protocol.folderEntry(inode: inode(entry.number, on: device), next: entry.next, kind: entry.kind, name: entry.name)
      guard answer.count + name.count + (withAttributes ? Protocol.entrySize : 0) <= room else { break }
      if withAttributes { answer += attributes(of: entry.name, in: message.node) }
      answer += name
    }
    return answer
  }

  /// What a look-up of a name would say; the folder itself, the one above and what is gone by now have a number of zero, which
  /// makes the guest ask when it wants to know.
  private mutating func attributes(of name: [UInt8], in folder: UInt64) -> [UInt8] {
    let isItself = name == Array(".".utf8) || name == Array("..".utf8)
    let entry = isItself ? nil : try? lookUp(name, in: folder)
    return entry ?? Array(repeating: 0, count: Protocol.entrySize)
  }
}
