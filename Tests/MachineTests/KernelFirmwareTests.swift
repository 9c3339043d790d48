import Primitives
import TestSupport
import Testing

@testable import Machine

@Suite("Which kernels get a firmware")
struct KernelFirmwareTests {
  /// A flat Multiboot kernel's header.
  private let multiboot: TemporaryFile = {
    var bytes: [UInt8] = []
    for word: UInt32 in [0x1BAD_B002, 1 << 16, 0 &- 0x1BAD_B002 &- 1 << 16, 0x10_0000, 0x10_0000, 0, 0, 0x10_0000] {
      bytes.append(littleEndian: word)
    }
    return TemporaryFile(bytes)
  }()
  private let linux = TemporaryFile(SmallLinux.make())

  private func firmware(_ kernel: TemporaryFile, _ change: (inout Configuration) -> Void = { _ in }) throws(MachineError) -> Configuration.Firmware? {
    var configuration = Configuration()
    configuration.kernel = kernel.path
    change(&configuration)
    return try configuration.withFirmwareForKernel().firmware
  }

  @Test("C2 a Multiboot kernel gets ours, and Linux none") func choice() throws {
    #expect(try firmware(multiboot) == .builtin)
    #expect(try firmware(linux) == nil)
    #expect(try firmware(linux) { $0.firmware = .file("bios") } == .file("bios"))
  }

  @Test("C1 modules are for Multiboot kernels only, and these take no other firmware and no device tree")
  func refusals() {
    let cases: [(TemporaryFile, String, (inout Configuration) -> Void)] = [
      (linux, "Give an initial RAM disk by --initrd.", { $0.modules = ["m"] }),
      (multiboot, "leave out --firmware bios.", { $0.firmware = .file("bios") }),
      (multiboot, "takes no device tree", { $0.deviceTree = "d" }),
    ]
    for (kernel, words, change) in cases {
      let error = #expect(throws: MachineError.self) { try firmware(kernel, change) }
      #expect(error?.message.contains(words) == true)
    }
  }
}
