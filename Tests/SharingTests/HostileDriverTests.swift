import Glibc
import Host
import Primitives
import Sharing
import TestSupport
import Testing

/// What a guest may ask for, and does not get.
@Suite("The file server, for a hostile guest")
struct HostileDriverTests {
  @Test("FS-01 no name leads out of a share", arguments: ["..", ".", "", "/", "/etc", "a/b", "../etc", "folder/../.."])
  func names(_ name: String) throws {
    let driver = try FileDriver()
    #expect(driver.makeFolder("folder").error == 0)
    #expect(driver.lookUp(name).error == EINVAL)
    #expect(driver.makeFolder(name).error == EINVAL)
    #expect(driver.create(name).error == EINVAL)
    #expect(driver.rename("folder", to: name).error == EINVAL)
    #expect(driver.send(11, driver.root, FileDriver.text(name)).error == EINVAL)
    #expect(driver.send(1, driver.root, Array("no end".utf8)).error == EINVAL)
    #expect(driver.lookUp(String(repeating: "x", count: 256)).error == ENAMETOOLONG)
  }

  @Test("FS-02 a link on the host, in place of a folder, leads nowhere")
  func links() throws {
    let driver = try FileDriver()
    #expect(unsafe symlink("/etc", "\(driver.folder.path)/link") == 0)
    let link = driver.lookUp("link")
    #expect(link.error == 0)
    #expect(driver.lookUp("passwd", in: link.node).error == ENOTDIR)
    #expect(driver.send(27, link.node, FileDriver.words(0, 0)).error == ENOTDIR)
    #expect(driver.open(link.node, 0).error == EACCES)
    // A folder that becomes a link while the guest knows it.
    let folder = driver.makeFolder("folder").node
    for index in 0..<300 { _ = driver.makeFolder("other-\(index)") }
    #expect(unsafe rmdir("\(driver.folder.path)/folder") == 0)
    #expect(unsafe symlink("/etc", "\(driver.folder.path)/folder") == 0)
    #expect(driver.lookUp("passwd", in: folder).error != 0)
  }

  @Test("FS-03 of the host's pipes, sockets and devices none is opened, and none is made")
  func devices() throws {
    let driver = try FileDriver()
    #expect(unsafe mkfifo("\(driver.folder.path)/pipe", 0o600) == 0)
    for flags in [0, 1, 2, 0o1001] as [UInt32] { #expect(driver.open(driver.lookUp("pipe").node, flags).error == EACCES) }
    #expect(driver.create("pipe").error == EEXIST)
    for kind in [0o020000, 0o060000, 0o040000, 0] as [UInt32] {
      #expect(driver.send(8, driver.root, FileDriver.words(kind | 0o666, 0x103, 0, 0) + FileDriver.text("device")).error == EPERM)
    }
    let host = try FileServer([Share(path: "/dev", isReadOnly: true)])
    let other = FileDriver(host, folder: driver.folder)
    #expect(other.open(other.lookUp("null").node, 0).error == EACCES)
  }

  @Test("FS-04 a read-only share stays as it is, whatever the guest does")
  func readOnly() throws {
    let driver = try FileDriver(isReadOnly: true)
    driver.folder.write("hello", to: "file")
    let file = driver.lookUp("file").node
    for flags in [1, 2, 0o1000, 0o2001] as [UInt32] { #expect(driver.open(file, flags).error == EROFS) }
    let handle = driver.open(file, 0).node
    #expect(driver.write(file, handle, [0]).error == EROFS)
    #expect(driver.send(4, file, FileDriver.words(8, 0) + Array(repeating: 0, count: 80)).error == EROFS)
    #expect(driver.create("new").error == EROFS && driver.makeFolder("new").error == EROFS)
    #expect(driver.rename("file", to: "new").error == EROFS)
    #expect(driver.send(10, driver.root, FileDriver.text("file")).error == EROFS)
    #expect(driver.send(43, file, FileDriver.longs(handle, 0, 99) + FileDriver.words(0, 0)).error != 0)
    #expect(driver.folder.text(of: "file") == "hello")
  }

  @Test("FS-05 a file opened for reading is not written by its handle")
  func handles() throws {
    let driver = try FileDriver()
    driver.folder.write("hello", to: "file")
    let file = driver.lookUp("file").node
    let handle = driver.open(file, 0).node
    #expect(driver.write(file, handle, [0]).error == EBADF)
    #expect(driver.read(file, handle + 1).error == EBADF)
    #expect(driver.read(file, .max).error == EBADF)
    let folder = driver.send(27, driver.root, FileDriver.words(0, 0)).node
    #expect(driver.read(driver.root, folder).error == EISDIR)
    #expect(driver.send(28, file, FileDriver.longs(folder, 0) + FileDriver.words(4096, 0) + FileDriver.longs(0, 0)).error == EBADF)
  }

  @Test("FS-06 sizes, places and counts of any value harm nobody")
  func numbers() throws {
    let driver = try FileDriver()
    let made = driver.create("file")
    let handle = try #require(made.body.load(UInt64.self, at: 128))
    for offset in [UInt64(Int64.max), .max, 1 << 63, .max - 3] {
      #expect(driver.read(made.node, handle, at: offset, count: .max).body.isEmpty)
      #expect(driver.write(made.node, handle, [1, 2, 3, 4], at: offset).error == EFBIG)
      #expect(driver.send(43, made.node, FileDriver.longs(handle, offset, offset) + FileDriver.words(0, 0)).error != 0)
      #expect(driver.send(46, made.node, FileDriver.longs(handle, offset) + FileDriver.words(3, 0)).error != 0)
      _ = driver.send(28, driver.root, FileDriver.longs(driver.send(27, driver.root, FileDriver.words(0, 0)).node, offset) + FileDriver.words(.max, 0))
    }
    #expect(driver.write(made.node, handle, [1], claiming: .max).error == EINVAL)
    #expect(driver.send(42, 0, FileDriver.words(.max, 0)).error == -1)
    // A message that is cut off anywhere.
    for count in 0..<60 { _ = driver.send(4, made.node, Array(repeating: 0xFF, count: count)) }
    for operation in 0...60 as ClosedRange<UInt32> {
      _ = driver.send(operation, .max, Array(repeating: 0xFF, count: 64))
      _ = driver.send(operation, made.node)
      _ = driver.send(operation, 1, Array(repeating: 0, count: 64))
    }
  }

  @Test("FS-07 a message shorter than its header, or of another length than it says, gets no answer")
  func lengths() throws {
    let driver = try FileDriver()
    for count in 0..<40 { #expect(driver.server.answer(Array(repeating: 0, count: count), room: 4096).isEmpty) }
    for length in [0, 39, 41, 1000, .max] as [UInt32] {
      let message = FileDriver.words(length) + Array(repeating: 0, count: 36)
      #expect(driver.server.answer(message, room: 4096).isEmpty)
    }
    // No room for an answer, or for less than the whole.
    for room in 0..<16 { #expect(driver.send(3, driver.root, FileDriver.longs(0, 0), room: room).error == -1) }
    #expect(driver.send(3, driver.root, FileDriver.longs(0, 0), room: 100).error == ERANGE)
  }

  @Test("FS-08 a guest that opens without end runs out of handles, not the host of descriptors")
  func flood() throws {
    let driver = try FileDriver()
    driver.folder.write("", to: "file")
    let file = driver.lookUp("file").node
    var opened = 0
    var refusal: Int32 = 0
    while refusal == 0, opened <= FileServer.handleLimit {
      refusal = driver.open(file, 0).error
      opened += 1
    }
    // The host may allow this program fewer descriptors.
    #expect(refusal == ENFILE || refusal == EMFILE)
    driver.start()
    #expect(driver.open(driver.lookUp("file").node, 0).error == 0)
  }

  @Test("FS-09 file systems of the host's kernel are empty folders")
  func kernels() throws {
    let host = try FileServer([Share(path: "/", isReadOnly: true)])
    let driver = FileDriver(host, folder: TemporaryFolder())
    let proc = driver.lookUp("proc")
    #expect(proc.error == 0)
    #expect(driver.lookUp("self", in: proc.node).body.load(UInt64.self, at: 0) == 0)
    #expect(driver.names(in: proc.node).isEmpty)
    #expect(driver.open(proc.node, 0).error == EACCES)
  }
}
