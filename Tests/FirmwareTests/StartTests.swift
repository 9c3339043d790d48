import Devices
import FirmwareCore
import Primitives
import Synchronization
import Testing

@Suite("From reset to a verdict")
struct StartTests {
  private func run(_ machine: TestMachine) {
    var firmware = Firmware(machine)
    firmware.start()
  }

  @Test("a machine without disks is told so on its console, and the host by the verdict")
  func noDisk() throws {
    let machine = try TestMachine(items: try TestBoard.items())
    run(machine)
    #expect(machine.console.hasSuffix("swboot firmware: no disk\n"))
    #expect(machine.exitCode == 33)
    #expect(machine.record.withLock { $0.isStopped })
  }

  @Test("a board that says nothing about itself gives a verdict")
  func noTree() throws {
    let machine = try TestMachine()
    run(machine)
    #expect(machine.exitCode == 39)
  }

  @Test("FW-01 a device tree that breaks off anywhere is refused and never followed outside", arguments: [0, 4, 39, 40, 60, 100, 200])
  func brokenTree(size: Int) throws {
    let tree = try TestBoard.tree
    let machine = try TestMachine(items: [.init(.file("etc/board.dtb"), Array(tree.prefix(size)))])
    run(machine)
    #expect(machine.exitCode == 39)
  }

  @Test("a kernel that has no ACPI finds the lines of PCI's interrupts, and those level-triggered")
  func interruptLines() throws {
    let machine = try TestMachine(disks: [[UInt8](repeating: 0, count: 512)], items: try TestBoard.items(), hasDisplay: true)
    run(machine)
    func register(_ slot: UInt32, _ offset: UInt32) -> UInt32 {
      machine.output(1 << 31 | slot << 11 | offset, .dword, to: 0xCF8)
      return machine.input(.dword, from: 0xCFC)
    }
    #expect(register(0x1F, 0x60) == 0x0B0B_0A0A && register(0x1F, 0x68) == 0x0B0B_0A0A)
    // The disk is in slot 1, whose pin is PIRQF.
    #expect(register(1, 0x3C) & 0xFF == 10)
    #expect(register(0x1F, 0x3C) & 0xFF == 0)
    #expect(machine.input(.word, from: 0x4D0) == 0x0C00)
  }

  @Test("a device tree of random bytes behind a right header ends in a verdict", arguments: 0..<20)
  func randomTree(seed: Int) throws {
    var tree = try TestBoard.tree
    var state = UInt32(seed) &* 2_654_435_761 | 1
    for _ in 0..<8 {
      state = state &* 1_664_525 &+ 1_013_904_223
      tree[40 + Int(state >> 8) % (tree.count - 40)] = UInt8(truncatingIfNeeded: state >> 24)
    }
    let machine = try TestMachine(items: [.init(.file("etc/board.dtb"), tree)])
    run(machine)
    #expect(machine.record.withLock { $0.isStopped })
  }
}
