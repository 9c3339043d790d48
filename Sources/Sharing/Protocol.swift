internal import Host
internal import Primitives

/// The version of FUSE that is spoken, and its answers in bytes.
enum Protocol {
  static let major: UInt32 = 7
  static let minor: UInt32 = 31

  /// Asynchronous reads; truncation with the opening; large writes; pages dropped where a file has changed; attributes with a
  /// folder's names where the guest finds that useful; work in a folder side by side; a page count of our own; links cached.
  static let flags: UInt32 = 1 << 0 | 1 << 3 | 1 << 5 | 1 << 12 | 1 << 13 | 1 << 14 | 1 << 15 | 1 << 18 | 1 << 22 | 1 << 23

  /// How long the guest may believe what it was told, in seconds: in a read-only share, and in one that it writes to.
  static func validity(isReadOnly: Bool) -> UInt64 { isReadOnly ? 60 : 1 }

  static func started(readAhead: UInt32, flags: UInt32, transfer: UInt32) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.append(littleEndian: major)
    bytes.append(littleEndian: minor)
    bytes.append(littleEndian: readAhead)
    bytes.append(littleEndian: flags)
    // Messages in the background, and when there are too many of them.
    bytes.append(littleEndian: UInt16(64))
    bytes.append(littleEndian: UInt16(48))
    bytes.append(littleEndian: transfer)
    // Times are exact to the nanosecond.
    bytes.append(littleEndian: UInt32(1))
    bytes.append(littleEndian: UInt16(transfer / 4096))
    return bytes + Array(repeating: 0, count: 64 - bytes.count)
  }

  static func attributes(_ status: FileStatus, inode: UInt64) -> [UInt8] {
    var bytes: [UInt8] = []
    for value in [inode, status.size, status.blocks] { bytes.append(littleEndian: value) }
    for time in [status.accessed, status.modified, status.changed] { bytes.append(littleEndian: time.seconds) }
    for time in [status.accessed, status.modified, status.changed] { bytes.append(littleEndian: time.nanoseconds) }
    let device = UInt32(truncatingIfNeeded: status.specialDevice)
    for value in [status.mode, status.links, status.user, status.group, device, status.blockSize, 0] { bytes.append(littleEndian: value) }
    return bytes
  }

  static func attributesFor(seconds: UInt64, _ attributes: [UInt8]) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.append(littleEndian: seconds)
    bytes.append(littleEndian: UInt64(0))
    return bytes + attributes
  }

  static let entrySize = 128

  static func entry(_ node: UInt64, seconds: UInt64, _ attributes: [UInt8]) -> [UInt8] {
    var bytes: [UInt8] = []
    for value in [node, 0, seconds, seconds, 0] { bytes.append(littleEndian: value) }
    return bytes + attributes
  }

  static func opened(_ handle: UInt64, keepsPages: Bool) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.append(littleEndian: handle)
    bytes.append(littleEndian: keepsPages ? UInt32(1 << 1) : 0)
    bytes.append(littleEndian: UInt32(0))
    return bytes
  }

  static func folderEntry(inode: UInt64, next: Int64, kind: UInt8, name: [UInt8]) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.append(littleEndian: inode)
    bytes.append(littleEndian: next)
    bytes.append(littleEndian: UInt32(name.count))
    bytes.append(littleEndian: UInt32(kind))
    bytes += name
    return bytes + Array(repeating: 0, count: (8 - bytes.count % 8) % 8)
  }

  static func usage(_ usage: FileSystemUsage) -> [UInt8] {
    var bytes: [UInt8] = []
    for value in [usage.blocks, usage.freeBlocks, usage.availableBlocks, usage.files, usage.freeFiles] { bytes.append(littleEndian: value) }
    for value in [usage.blockSize, usage.nameLimit, usage.fragmentSize] { bytes.append(littleEndian: value) }
    return bytes + Array(repeating: 0, count: 80 - bytes.count)
  }
}
