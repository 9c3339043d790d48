import Host
import TestSupport
import Testing

@Suite struct FlashFileTests {
  @Test func what_is_written_is_in_the_file_at_once() throws {
    let temporary = TemporaryFile([1, 2, 3, 4])
    let file = try FlashFile(path: temporary.path)
    #expect(try file.contents(limit: 4) == [1, 2, 3, 4])
    try file.write([9, 8], at: 1)
    #expect(temporary.bytes == [1, 9, 8, 4])
    try file.synchronize()
  }

  @Test("FL-03 a write over the end does not make the file longer")
  func overTheEnd() throws {
    let temporary = TemporaryFile([1, 2, 3, 4])
    let file = try FlashFile(path: temporary.path)
    for offset in [3, 4, 5, UInt64.max] {
      #expect(throws: SystemError.self) { try file.write([0, 0], at: offset) }
    }
    #expect(temporary.bytes == [1, 2, 3, 4])
  }

  @Test("FL-03 no two machines write one chip")
  func locked() throws {
    let temporary = TemporaryFile([1])
    let first = try ChildProcess.whileNoneStarts { try FlashFile(path: temporary.path) }
    #expect(throws: FileError(path: temporary.path, .locked)) { try FlashFile(path: temporary.path) }
    #expect(first.size == 1)
  }

  @Test("FL-03 what is no file is refused", arguments: ["/dev/zero", "/nowhere/vars.fd", "/tmp"])
  func noFile(path: String) {
    #expect(throws: FileError.self) { try FlashFile(path: path) }
  }
}
