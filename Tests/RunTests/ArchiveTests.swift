import Host
@testable import Run
import TestSupport
import Testing

@Suite("The initial RAM disk of swboot run")
struct ArchiveTests {
  private func archive() -> Archive {
    var archive = Archive()
    archive.addFolder("dev")
    archive.addTerminal("dev/console", 5, 1)
    archive.addProgram("init", Array("program".utf8))
    archive.addFile("plan", Array("12345".utf8))
    archive.finish()
    return archive
  }

  @Test("cpio finds in it what was put into it")
  func contents() {
    let file = TemporaryFile(archive().bytes)
    let list = ChildProcess.run("/bin/sh", ["-c", "cpio -itv < \(file.path)"])
    #expect(list.status == 0, "\(list.errors)")
    let lines = list.output.split(separator: "\n")
    #expect(lines.map { $0.prefix(10) } == ["drwxr-xr-x", "crw-------", "-rwxr-xr-x", "-rw-r--r--"])
    #expect(lines[1].contains("5,   1"))
    #expect(ChildProcess.run("/bin/sh", ["-c", "cpio -i --to-stdout plan < \(file.path)"]).output == "12345")
  }

  @Test("the same contents are the same bytes")
  func deterministic() { #expect(archive().bytes == archive().bytes) }
}
