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

  @Test("an ELF file's release is in the first line that the kernel writes", arguments: [0, 1_048_570, 3_000_000])
  func release(_ offset: Int) throws {
    let folder = TemporaryFolder()
    let start = Array("\u{7F}ELF Linux version %s (%s) ".utf8)
    folder.write(start + Array(repeating: 0x4C, count: offset) + Array("Linux version 6.12.1-my (me@home) #1 SMP".utf8), to: "vmlinux")
    #expect(try KernelFile("\(folder.path)/vmlinux").release == "6.12.1-my")
    folder.write(start + Array(repeating: 0x4C, count: offset), to: "vmlinux")
    #expect(try KernelFile("\(folder.path)/vmlinux").release == nil)
  }

  @Test("a folder without one is refused, and so is a file that is not there")
  func missing() {
    let folder = TemporaryFolder()
    #expect(throws: MachineError.self) { try KernelFile(folder.path) }
    let error = #expect(throws: MachineError.self) { try KernelFile("\(folder.path)/none") }
    #expect(error?.message == "--kernel \(folder.path)/none: no such file or directory.")
  }
}
