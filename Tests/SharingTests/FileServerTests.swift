import Glibc
import Host
import Primitives
import Sharing
import Synchronization
import TestSupport
import Testing

@Suite("The file server")
struct FileServerTests {
  @Test("a guest finds a file by its name and reads it")
  func read() throws {
    let driver = try FileDriver(isReadOnly: true)
    driver.folder.write("hello", to: "file")
    let file = driver.lookUp("file")
    #expect(file.error == 0 && file.node > 1)
    // Its size, and that it is a file.
    #expect(file.body.load(UInt64.self, at: 48) == 5)
    #expect(file.body.load(UInt32.self, at: 40 + 60)! & 0o170000 == 0o100000)
    let handle = driver.open(file.node, 0).node
    #expect(driver.read(file.node, handle).body == Array("hello".utf8))
    #expect(driver.read(file.node, handle, at: 3, count: 1).body == Array("l".utf8))
    #expect(driver.read(file.node, handle, at: 5).body.isEmpty)
    // Nobody waits for the release of what has been released.
    #expect(driver.send(18, file.node, FileDriver.longs(handle, 0, 0)).error == 0)
    #expect(driver.read(file.node, handle).error == EBADF)
  }

  @Test("it makes, writes, moves and removes files on the host")
  func write() throws {
    let driver = try FileDriver()
    let made = driver.create("new", mode: 0o100664)
    let handle = try #require(made.body.load(UInt64.self, at: 128))
    #expect(driver.write(made.node, handle, Array("abc".utf8)).body == FileDriver.words(3, 0))
    #expect(driver.write(made.node, handle, Array("Z".utf8), at: 1).error == 0)
    #expect(driver.folder.text(of: "new") == "aZc")
    #expect(driver.rename("new", to: "old").error == 0)
    #expect(driver.folder.text(of: "old") == "aZc" && driver.lookUp("new").error == ENOENT)
    #expect(driver.lookUp("old").node == made.node)
    #expect(driver.send(10, driver.root, FileDriver.text("old")).error == 0)
    #expect(driver.folder.text(of: "old").isEmpty && driver.lookUp("old").error == ENOENT)
    // What is still open, or known, can be used until it is forgotten.
    #expect(driver.read(made.node, handle).body == Array("aZc".utf8))
    #expect(driver.send(3, made.node, FileDriver.longs(0, 0)).error == 0)
    _ = driver.send(2, made.node, FileDriver.longs(99))
    #expect(driver.send(3, made.node, FileDriver.longs(0, 0)).error == ENOENT)
  }

  @Test("a new file has exactly the mode that the guest says")
  func mode() throws {
    let driver = try FileDriver()
    #expect(driver.create("file", mode: 0o100777).error == 0)
    #expect(driver.makeFolder("folder").error == 0)
    let status = driver.lookUp("file").body.load(UInt32.self, at: 100)
    #expect(status == 0o100777)
    #expect(driver.lookUp("folder").body.load(UInt32.self, at: 100) == 0o040755)
  }

  @Test("attributes change as the guest says: mode, size, times")
  func attributes() throws {
    let driver = try FileDriver()
    driver.folder.write("hello", to: "file")
    let node = driver.lookUp("file").node
    var change = FileDriver.words(1 | 8 | 32, 0) + FileDriver.longs(0, 2, 0, 0, 1_000_000, 0)
    change += FileDriver.words(0, 500, 0, 0o600, 0, 0, 0, 0)
    let answer = driver.send(4, node, change)
    #expect(answer.error == 0)
    #expect(answer.body.load(UInt64.self, at: 16 + 8) == 2)
    #expect(answer.body.load(UInt64.self, at: 16 + 32) == 1_000_000)
    #expect(answer.body.load(UInt32.self, at: 16 + 52) == 500)
    #expect(answer.body.load(UInt32.self, at: 16 + 60) == 0o100600)
    #expect(driver.folder.text(of: "file") == "he")
  }

  @Test("the names in a folder come whole, however little room there is", arguments: [4096, 300] as [UInt32], [false, true])
  func folder(room: UInt32, withAttributes: Bool) throws {
    let driver = try FileDriver()
    let names = (0..<40).map { "name-\($0)" }
    for name in names { driver.folder.write("", to: name) }
    let found = driver.names(in: driver.root, room: room, withAttributes: withAttributes)
    #expect(found.filter { $0 != "." && $0 != ".." }.sorted() == names.sorted())
    #expect(Set(found).count == found.count)
  }

  @Test("links, names of the same file and pipes are there as the guest made them, and the guest follows links itself")
  func links() throws {
    let driver = try FileDriver()
    driver.folder.write("x", to: "file")
    let file = driver.lookUp("file").node
    #expect(driver.send(6, driver.root, FileDriver.text("link") + FileDriver.text("/etc/passwd")).error == 0)
    let link = driver.lookUp("link")
    #expect(link.body.load(UInt32.self, at: 100)! & 0o170000 == 0o120000)
    #expect(driver.send(5, link.node).body == Array("/etc/passwd".utf8))
    #expect(driver.send(13, driver.root, FileDriver.longs(file) + FileDriver.text("other")).node == file)
    #expect(driver.lookUp("other").body.load(UInt32.self, at: 104) == 2)
    #expect(driver.send(8, driver.root, FileDriver.words(0o010644, 0, 0, 0) + FileDriver.text("pipe")).error == 0)
    #expect(driver.lookUp("pipe").body.load(UInt32.self, at: 100) == 0o010644)
  }

  @Test("a file that was moved on the host is stale, and what is there now is another")
  func stale() throws {
    let driver = try FileDriver()
    // So many that no descriptor of the first is kept.
    driver.folder.write("old", to: "file")
    let file = driver.lookUp("file").node
    for index in 0..<300 {
      driver.folder.write("", to: "other-\(index)")
      _ = driver.lookUp("other-\(index)")
    }
    #expect(driver.send(3, file, FileDriver.longs(0, 0)).error == 0)
    for index in 300..<600 {
      driver.folder.write("", to: "other-\(index)")
      _ = driver.lookUp("other-\(index)")
    }
    #expect(unsafe rename("\(driver.folder.path)/file", "\(driver.folder.path)/gone") == 0)
    driver.folder.write("new", to: "file")
    #expect(driver.send(3, file, FileDriver.longs(0, 0)).error == ESTALE)
    #expect(driver.lookUp("file").node != file)
    #expect(driver.lookUp("gone").node == file)
    #expect(driver.send(3, file, FileDriver.longs(0, 0)).error == 0)
  }

  @Test("a folder that is shared twice has files with numbers of their own in each share, and they stay")
  func twice() throws {
    let folder = TemporaryFolder()
    folder.write("x", to: "file")
    let driver = FileDriver(try FileServer([Share(path: folder.path, isReadOnly: true), Share(path: folder.path, isReadOnly: false)]), folder: folder)
    let other = driver.send(1, 1, FileDriver.text("1")).node
    let first = driver.lookUp("file").node
    let second = driver.lookUp("file", in: other).node
    #expect(first != second && driver.lookUp("file").node == first && driver.lookUp("file", in: other).node == second)
    #expect(driver.open(first, 1).error == EROFS && driver.open(second, 1).error == 0)
  }

  @Test("files that a share has in addition are there when the guest looks for one, and the host's own come first")
  func added() throws {
    let folder = TemporaryFolder()
    folder.write("the host's", to: "own")
    let count = Atomic(0)
    let added = AddedFiles(["list", "own"]) {
      count.add(1, ordering: .relaxed)
      return ["list": Array("made".utf8), "own": Array("made".utf8)]
    }
    let driver = FileDriver(try FileServer([Share(path: folder.path, isReadOnly: true, adding: added)]), folder: folder)
    func text(_ name: String) -> String {
      let node = driver.lookUp(name).node
      return String(decoding: driver.read(node, driver.open(node, 0).node).body, as: UTF8.self)
    }
    #expect(driver.lookUp("other").node == 0 && text("own") == "the host's")
    #expect(count.load(ordering: .relaxed) == 0, "nobody has looked for one")
    let list = driver.lookUp("list")
    #expect(list.error == 0 && text("list") == "made" && driver.lookUp("list").node == list.node)
    #expect(driver.open(list.node, 1).error == EROFS)
    // It is found again when the guest has forgotten it, or begins anew.
    _ = driver.send(2, list.node, FileDriver.longs(99))
    #expect(text("list") == "made")
    driver.start()
    #expect(text("list") == "made" && count.load(ordering: .relaxed) == 1)
    // In the share's own folder, and nowhere else.
    #expect(ChildProcess.run("/bin/mkdir", ["\(folder.path)/sub"]).status == 0)
    #expect(driver.lookUp("list", in: driver.lookUp("sub").node).node == 0)
  }

  @Test("a driver that begins anew finds everything as at first")
  func restart() throws {
    let driver = try FileDriver()
    driver.folder.write("x", to: "file")
    let file = driver.lookUp("file").node
    driver.start()
    #expect(driver.send(3, file, FileDriver.longs(0, 0)).error == ENOENT)
    #expect(driver.lookUp("file").error == 0)
  }

  @Test("a folder that is not there is refused by its name")
  func missing() {
    #expect(throws: FileError(path: "/tmp/nothing here", .system(SystemError(code: ENOENT)))) {
      try FileServer([Share(path: "/tmp/nothing here", isReadOnly: true)])
    }
  }
}
