internal import CLinux
internal import Glibc

/// A file, folder or link of the host that was found by name and is not opened: nothing is read, and no device notices.
///
/// A name is one name in a folder, as bytes, for the host's names need not be text. Whoever calls has checked that it has no
/// slash and no NUL.
public final class HostNode: Sendable {
  private let descriptor: Descriptor

  private init(_ descriptor: consuming Descriptor) { self.descriptor = descriptor }

  /// What a path of the user leads to.
  public convenience init(path: String) throws(SystemError) {
    self.init(Descriptor(owning: try unsafe Array(path.utf8).check { unsafe linux_find_path($0) }))
  }

  /// A file in memory that everybody may read.
  public convenience init(named name: String, content: [UInt8]) throws(SystemError) {
    let file = try Descriptor.memory(name)
    try file.write(content, at: 0)
    try SystemError.check(fchmod(file.number, 0o444) < 0 ? -errno : 0)
    self.init(file)
  }

  /// What has this name in this folder; of a link, the link.
  public func child(_ name: [UInt8]) throws(SystemError) -> HostNode {
    HostNode(Descriptor(owning: try unsafe name.check { unsafe linux_find(descriptor.number, $0) }))
  }

  public func status() throws(SystemError) -> FileStatus {
    var status = linux_file_status()
    try SystemError.check(unsafe linux_status(descriptor.number, &status))
    return FileStatus(status)
  }

  /// The kind of its file system, as statfs(2) numbers them.
  public func fileSystem() throws(SystemError) -> Int64 { try SystemError.check(linux_file_system(descriptor.number)) }

  /// Opens the file itself. Whoever calls has seen that it is a regular file or a folder.
  public func open(_ flags: Int32) throws(SystemError) -> OpenFile {
    OpenFile(Descriptor(owning: try SystemError.check(linux_reopen(descriptor.number, flags))))
  }

  public func linkTarget() throws(SystemError) -> [UInt8] {
    var failure: Int32 = 0
    let limit = Int(PATH_MAX)
    let bytes = unsafe [UInt8](unsafeUninitializedCapacity: limit) { buffer, count in
      let n = unsafe buffer.withMemoryRebound(to: CChar.self) { unsafe readlinkat(descriptor.number, "", $0.baseAddress!, limit) }
      count = max(n, 0)
      if n < 0 { failure = errno }
    }
    guard failure == 0 else { throw SystemError(code: failure) }
    return bytes
  }

  public func usage() throws(SystemError) -> FileSystemUsage {
    var status = statvfs()
    guard unsafe fstatvfs(descriptor.number, &status) == 0 else { throw SystemError(code: errno) }
    return FileSystemUsage(
      blocks: UInt64(status.f_blocks), freeBlocks: UInt64(status.f_bfree), availableBlocks: UInt64(status.f_bavail), files: UInt64(status.f_files),
      freeFiles: UInt64(status.f_ffree), blockSize: UInt32(truncatingIfNeeded: status.f_bsize), nameLimit: UInt32(truncatingIfNeeded: status.f_namemax),
      fragmentSize: UInt32(truncatingIfNeeded: status.f_frsize))
  }

  // MARK: Changes

  /// Makes a regular file that was not there, and opens it.
  public func create(_ name: [UInt8], _ flags: Int32, mode: UInt32) throws(SystemError) -> OpenFile {
    OpenFile(Descriptor(owning: try unsafe name.check { unsafe linux_create(descriptor.number, $0, flags, mode) }))
  }

  /// Makes a pipe, a socket or an empty file, whatever `mode` says.
  public func makeNode(_ name: [UInt8], mode: UInt32) throws(SystemError) { try unsafe name.call { unsafe mknodat(descriptor.number, $0, mode, 0) } }
  public func makeFolder(_ name: [UInt8], mode: UInt32) throws(SystemError) { try unsafe name.call { unsafe mkdirat(descriptor.number, $0, mode) } }
  public func makeLink(_ name: [UInt8], to target: [UInt8]) throws(SystemError) {
    let target = target.map { CChar(bitPattern: $0) } + [0]
    try unsafe name.call { unsafe symlinkat(target, descriptor.number, $0) }
  }
  /// Another name for `file`.
  public func link(_ name: [UInt8], to file: HostNode) throws(SystemError) {
    _ = try unsafe name.check { unsafe linux_link(file.descriptor.number, descriptor.number, $0) }
  }
  public func remove(_ name: [UInt8], isFolder: Bool) throws(SystemError) {
    try unsafe name.call { unsafe unlinkat(descriptor.number, $0, isFolder ? AT_REMOVEDIR : 0) }
  }
  public func rename(_ name: [UInt8], to folder: HostNode, _ newName: [UInt8], flags: UInt32) throws(SystemError) {
    let newName = newName.map { CChar(bitPattern: $0) } + [0]
    _ = try unsafe name.check { unsafe linux_rename(descriptor.number, $0, folder.descriptor.number, newName, flags) }
  }

  public func setMode(_ mode: UInt32) throws(SystemError) { try SystemError.check(linux_set_mode(descriptor.number, mode)) }
  /// All ones leaves the user or the group.
  public func setOwner(user: UInt32, group: UInt32) throws(SystemError) {
    try SystemError.check(linux_set_owner(descriptor.number, user, group))
  }
  public func truncate(to size: UInt64) throws(SystemError) { try SystemError.check(linux_truncate(descriptor.number, Int64(clamping: size))) }

  public func setTimes(accessed: TimeChange, modified: TimeChange) throws(SystemError) {
    try SystemError.check(
      linux_set_times(descriptor.number, accessed.seconds, accessed.nanoseconds, modified.seconds, modified.nanoseconds))
  }
}

extension [UInt8] {
  /// Calls something with these bytes and a NUL behind them, that returns an error's number below zero.
  fileprivate func check(_ body: (UnsafePointer<CChar>) -> Int32) throws(SystemError) -> Int32 {
    let text = map { CChar(bitPattern: $0) } + [0]
    let result = unsafe text.withUnsafeBufferPointer { unsafe body($0.baseAddress!) }
    return try SystemError.check(result)
  }

  /// The same with a function that leaves the number in errno.
  fileprivate func call(_ body: (UnsafePointer<CChar>) -> Int32) throws(SystemError) {
    _ = try unsafe check { unsafe body($0) < 0 ? -errno : 0 }
  }
}
