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

  @Test("one of 32 bits is refused, for the first process that is brought along is a program of 64", arguments: [true, false])
  func narrow(_ isELF: Bool) throws {
    let folder = TemporaryFolder()
    var bytes = [UInt8](repeating: 0, count: 0x300)
    // The class of an ELF file; or a bzImage of protocol 2.12 without a flag for an entry of 64 bits.
    let fields: [Int: [UInt8]] = isELF ? [0: [0x7F] + Array("ELF\u{1}".utf8)] : [0x1FE: [0x55, 0xAA], 0x202: Array("HdrS".utf8) + [0x0C, 2]]
    for (place, field) in fields { bytes.replaceSubrange(place..<(place + field.count), with: field) }
    folder.write(bytes, to: "kernel")
    let error = #expect(throws: MachineError.self) { try KernelFile("\(folder.path)/kernel") }
    #expect(error?.message.contains("32 bits") == true)
    bytes[isELF ? 4 : 0x236] = isELF ? 2 : 1
    folder.write(bytes, to: "kernel")
    #expect(try KernelFile("\(folder.path)/kernel").release == nil)
  }

  @Test("a folder without one is refused, and so is a file that is not there")
  func missing() {
    let folder = TemporaryFolder()
    #expect(throws: MachineError.self) { try KernelFile(folder.path) }
    let error = #expect(throws: MachineError.self) { try KernelFile("\(folder.path)/none") }
    #expect(error?.message == "--kernel \(folder.path)/none: no such file or directory.")
  }
}
