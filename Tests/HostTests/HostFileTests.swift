import Glibc
import Host
import TestSupport
import Testing

@Suite struct HostFileTests {
  @Test func reads_what_the_file_holds_and_stops_at_its_end() throws {
    let temporary = TemporaryFile([1, 2, 3, 4])
    let file = try HostFile(path: temporary.path)
    #expect(file.size == 4)
    #expect(try file.bytes(at: 1, count: 2) == [2, 3])
    #expect(try file.bytes(at: 2, count: 100) == [3, 4])
    #expect(try file.bytes(at: .max, count: 1) == [])
  }

  @Test("BZ-02 a directory, a device and a pipe are refused without waiting")
  func refusesWhatIsNotAFile() throws {
    #expect(throws: FileError(path: "/tmp", .kind(.directory))) { try HostFile(path: "/tmp") }
    #expect(throws: FileError(path: "/dev/zero", .kind(.characterDevice))) { try HostFile(path: "/dev/zero") }
    let pipe = TemporaryFile([]).path + "-pipe"
    unsafe mkfifo(pipe, 0o600)
    defer { unsafe unlink(pipe) }
    #expect(throws: FileError(path: pipe, .kind(.pipe))) { try HostFile(path: pipe) }
  }

  @Test func a_missing_file_is_one_sentence() {
    let error = #expect(throws: FileError.self) { try HostFile(path: "/nowhere/kernel") }
    #expect(error?.description == "/nowhere/kernel: no such file or directory")
  }

  @Test func a_path_with_a_NUL_opens_nothing() {
    #expect(throws: FileError.self) { try HostFile(path: "/dev\0/null") }
  }

  @Test func contents_are_limited() throws {
    let temporary = TemporaryFile([1, 2, 3, 4])
    let file = try HostFile(path: temporary.path)
    #expect(try file.contents(limit: 4) == [1, 2, 3, 4])
    #expect(throws: FileError(path: temporary.path, .tooLarge(limit: 3))) { try file.contents(limit: 3) }
  }
}
