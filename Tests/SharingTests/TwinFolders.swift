import CTestSupport
import Glibc
import Host
import Primitives
import TestSupport
import Testing

/// Two folders in which the same is done: in one by messages of a guest, in the other by the host's own calls. Whatever both can
/// tell of it has to be the same.
final class TwinFolders {
  /// What one side has answered.
  struct Answer: Equatable {
    var error: Int32
    var bytes: [UInt8] = []
    var number: UInt64 = 0
  }

  private struct File {
    let node: UInt64
    let handle: UInt64
    let descriptor: Int32
  }

  private let driver: FileDriver
  private let plain = TemporaryFolder()
  private var files: [File] = []

  init() throws { driver = try FileDriver() }

  deinit { for file in files { Glibc.close(file.descriptor) } }

  // MARK: Names

  private func folder(of path: String) -> UInt64 {
    path.split(separator: "/").dropLast().reduce(driver.root) { driver.lookUp(String($1), in: $0).node }
  }
  private func name(of path: String) -> [UInt8] { FileDriver.text(String(path.split(separator: "/").last ?? "")) }
  private func lookUp(_ path: String) -> FileDriver.Answer { driver.send(1, folder(of: path), name(of: path)) }
  private func host(_ path: String) -> String { "\(plain.path)/\(path)" }

  /// What a call of the host says that returns a number below zero and leaves its error elsewhere.
  private func called(_ result: Int) -> Answer { result < 0 ? Answer(error: errno) : Answer(error: 0) }
  private func called(_ result: Int32) -> Answer { called(Int(result)) }

  /// Whether there is a folder for a name.
  func hasFolder(for path: String) -> Bool {
    var status = stat()
    let folder = path.split(separator: "/").dropLast().joined(separator: "/")
    return unsafe lstat(host(folder), &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
  }

  func makeFolder(_ path: String) -> (Answer, Answer) {
    let answer = driver.send(9, folder(of: path), FileDriver.words(0o755, 0) + name(of: path))
    return (Answer(error: answer.error), called(unsafe mkdir(host(path), 0o755)))
  }

  func makeLink(_ path: String, to target: String) -> (Answer, Answer) {
    let answer = driver.send(6, folder(of: path), name(of: path) + FileDriver.text(target))
    return (Answer(error: answer.error), called(unsafe symlink(target, host(path))))
  }

  func remove(_ path: String, isFolder: Bool) -> (Answer, Answer) {
    let answer = driver.send(isFolder ? 11 : 10, folder(of: path), name(of: path))
    return (Answer(error: answer.error), called(isFolder ? unsafe rmdir(host(path)) : unsafe unlink(host(path))))
  }

  /// Another name for a file; links are named themselves.
  func link(_ path: String, to other: String) -> (Answer, Answer) {
    let found = lookUp(other)
    guard found.error == 0 else { return (Answer(error: found.error), called(unsafe Glibc.link(host(other), host(path)))) }
    let answer = driver.send(13, folder(of: path), FileDriver.longs(found.node) + name(of: path))
    return (Answer(error: answer.error), called(unsafe Glibc.link(host(other), host(path))))
  }

  func rename(_ path: String, to other: String, flags: UInt32) -> (Answer, Answer) {
    let body = FileDriver.longs(folder(of: other)) + FileDriver.words(flags, 0) + name(of: path) + name(of: other)
    let answer = driver.send(45, folder(of: path), body)
    return (Answer(error: answer.error), called(unsafe host_rename(host(path), host(other), flags)))
  }

  func readLink(_ path: String) -> (Answer, Answer) {
    let found = lookUp(path)
    // What is no link the guest does not ask for its target.
    guard found.error != 0 || found.isLink else { return (Answer(error: 0), Answer(error: 0)) }
    let answer = found.error == 0 ? driver.send(5, found.node) : found
    var bytes = [UInt8](repeating: 0, count: 256)
    let count = unsafe bytes.withUnsafeMutableBytes { unsafe readlink(host(path), $0.baseAddress!, 256) }
    let own = count < 0 ? Answer(error: errno) : Answer(error: 0, bytes: Array(bytes.prefix(count)))
    return (Answer(error: answer.error, bytes: answer.error == 0 ? answer.body : []), own)
  }

  /// Cuts a file or fills it up with zeros; links are not followed by the test.
  func truncate(_ path: String, to size: UInt64) -> (Answer, Answer) {
    let found = lookUp(path)
    guard found.error == 0 else { return (Answer(error: found.error), called(unsafe Glibc.truncate(host(path), off_t(size)))) }
    guard found.isRegular else { return (Answer(error: 0), Answer(error: 0)) }
    let answer = driver.send(4, found.node, FileDriver.change(8, size: size))
    return (Answer(error: answer.error), called(unsafe Glibc.truncate(host(path), off_t(size))))
  }

  func changeMode(_ path: String, _ mode: UInt32) -> (Answer, Answer) {
    let found = lookUp(path)
    guard found.error == 0 else { return (Answer(error: found.error), called(unsafe chmod(host(path), mode))) }
    guard !found.isLink else { return (Answer(error: 0), Answer(error: 0)) }
    return (Answer(error: driver.send(4, found.node, FileDriver.change(1, mode: mode)).error), called(unsafe chmod(host(path), mode)))
  }

  // MARK: Open files

  var openFiles: Range<Int> { files.indices }

  /// - Parameter flags: also of creation.
  func open(_ path: String, _ flags: Int32) -> (Answer, Answer) {
    let found = lookUp(path)
    var (error, node, handle) = (found.error, found.node, UInt64(0))
    if found.error == 0, flags & O_EXCL != 0 {
      error = EEXIST
    } else if found.error == 0 {
      // The guest itself follows links, and opens folders by another message.
      guard found.isRegular else { return (Answer(error: 0), Answer(error: 0)) }
      let answer = driver.open(node, UInt32(flags & ~(O_CREAT | O_EXCL)))
      (error, handle) = (answer.error, answer.node)
    } else if found.error == ENOENT, flags & O_CREAT != 0, folder(of: path) != 0 {
      let made = driver.send(35, folder(of: path), FileDriver.words(UInt32(flags), 0o100644, 0, 0) + name(of: path))
      (error, node, handle) = (made.error, made.node, made.body.load(at: 128) ?? 0)
    }
    let descriptor = unsafe Glibc.open(host(path), flags, 0o644)
    let own = called(descriptor)
    if error == 0, descriptor >= 0 { files.append(File(node: node, handle: handle, descriptor: descriptor)) }
    return (Answer(error: error), own)
  }

  func close(_ index: Int) {
    let file = files.remove(at: index)
    _ = driver.send(18, file.node, FileDriver.longs(file.handle, 0, 0))
    Glibc.close(file.descriptor)
  }

  func write(_ index: Int, _ bytes: [UInt8], at offset: UInt64) -> (Answer, Answer) {
    let file = files[index]
    let answer = driver.write(file.node, file.handle, bytes, at: offset)
    return (Answer(error: answer.error), called(unsafe bytes.withUnsafeBytes { unsafe pwrite(file.descriptor, $0.baseAddress, $0.count, off_t(offset)) }))
  }

  func read(_ index: Int, _ count: Int, at offset: UInt64) -> (Answer, Answer) {
    let file = files[index]
    let answer = driver.read(file.node, file.handle, at: offset, count: UInt32(count))
    var bytes = [UInt8](repeating: 0, count: count)
    let found = unsafe bytes.withUnsafeMutableBytes { unsafe pread(file.descriptor, $0.baseAddress, count, off_t(offset)) }
    let own = found < 0 ? Answer(error: errno) : Answer(error: 0, bytes: Array(bytes.prefix(found)))
    return (Answer(error: answer.error, bytes: answer.error == 0 ? answer.body : []), own)
  }

  func allocate(_ index: Int, mode: Int32, at offset: UInt64, _ count: UInt64) -> (Answer, Answer) {
    let file = files[index]
    let answer = driver.send(43, file.node, FileDriver.longs(file.handle, offset, count) + FileDriver.words(UInt32(mode), 0))
    return (Answer(error: answer.error), called(host_allocate(file.descriptor, mode, Int64(offset), Int64(count))))
  }

  /// - Parameter kind: 3 for data, 4 for a hole.
  func seek(_ index: Int, to kind: Int32, from offset: UInt64) -> (Answer, Answer) {
    let file = files[index]
    let answer = driver.send(46, file.node, FileDriver.longs(file.handle, offset) + FileDriver.words(UInt32(kind), 0))
    let place = lseek(file.descriptor, off_t(offset), kind)
    return (
      Answer(error: answer.error, number: answer.error == 0 ? answer.node : 0),
      place < 0 ? Answer(error: errno) : Answer(error: 0, number: UInt64(place))
    )
  }

  /// Size, mode and names of an open file, whatever has become of its names; asked by its number, not by the handle.
  func status(_ index: Int) -> (Answer, Answer) {
    let file = files[index]
    let answer = driver.send(3, file.node, FileDriver.longs(0, 0))
    var status = stat()
    let own = called(unsafe fstat(file.descriptor, &status))
    let theirs = FileDriver.longs(UInt64(status.st_size)) + FileDriver.words(status.st_mode, UInt32(status.st_nlink))
    return (Answer(error: answer.error, bytes: Array(answer.body.dropFirst(24).prefix(8) + answer.body.dropFirst(76).prefix(8))), Answer(error: own.error, bytes: theirs))
  }

  // MARK: The whole

  /// So many look-ups that no descriptor of a file is kept only because it was used lately.
  func lookAround() {
    for index in 0..<300 {
      driver.folder.write("", to: "other-\(index)")
      _ = driver.lookUp("other-\(index)")
      _ = unsafe unlink("\(driver.folder.path)/other-\(index)")
    }
  }

  /// All that can be seen in each: kinds, modes, names, sizes, targets, bytes.
  var sights: (String, String) { (Self.sight(driver.folder.path), Self.sight(plain.path)) }

  private static func sight(_ path: String) -> String {
    let end = ChildProcess.run(
      "/bin/sh",
      [
        "-c",
        "cd \(path) && find . -type d -printf '%P %m %n\\n' -o -type l -printf '%P -> %l %n\\n' -o -printf '%P %y %m %n %s\\n' | sort && find . -type f | sort | xargs -r cksum",
      ])
    return end.output + end.errors
  }
}

extension FileDriver.Answer {
  var mode: UInt32 { body.load(at: 100) ?? 0 }
  var isRegular: Bool { mode & S_IFMT == S_IFREG }
  var isLink: Bool { mode & S_IFMT == S_IFLNK }
}

extension FileDriver {
  /// The message that sets attributes of a file.
  static func change(_ wanted: UInt32, size: UInt64 = 0, mode: UInt32 = 0) -> [UInt8] {
    words(wanted, 0) + longs(0, size, 0, 0, 0, 0) + words(0, 0, 0, mode, 0, 0, 0, 0)
  }
}
