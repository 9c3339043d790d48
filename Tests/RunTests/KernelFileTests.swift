import Machine
@testable import Run
import TestSupport
import Testing

@Suite("The kernel of swboot run")
struct KernelFileTests {
  @Test("it is found in a package's folder, or in a build tree", arguments: ["boot/vmlinuz-6.1", "arch/x86/boot/bzImage", "usr/lib/modules/6.1/vmlinuz", "vmlinux"])
  func folders(_ place: String) throws {
    let folder = TemporaryFolder()
    let parent = place.split(separator: "/").dropLast().joined(separator: "/")
    #expect(ChildProcess.run("/bin/mkdir", ["-p", "\(folder.path)/\(parent)"]).status == 0)
    folder.write("kernel", to: place)
    #expect(try KernelFile(folder.path).path == "\(folder.path)/\(place)")
  }

  @Test("a folder without one is refused, and so is a file that is not there")
  func missing() {
    let folder = TemporaryFolder()
    #expect(throws: MachineError.self) { try KernelFile(folder.path) }
    let error = #expect(throws: MachineError.self) { try KernelFile("\(folder.path)/none") }
    #expect(error?.message == "--kernel \(folder.path)/none: no such file or directory.")
  }
}
