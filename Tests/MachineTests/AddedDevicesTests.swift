import ACPITables
import DeviceModel
import PCI
import Primitives
import Testing
import Virtio

@testable import Machine

/// Devices that a program brings to the board.
@Suite struct AddedDevicesTests {
  /// Answers with what was written last, plus one.
  private struct Successor: Device {
    static let placement = Placement("successor", ports: [PortRange(0x590, count: 1)], acpiID: "TEST0001")
    private var value: UInt64 = 0

    mutating func read(_ width: AccessWidth, at offset: Int, _ cycle: inout Cycle) -> UInt64 { value + 1 }
    mutating func write(_ value: UInt64, _ width: AccessWidth, at offset: Int, _ cycle: inout Cycle) { self.value = value }
    mutating func reset() { value = 0 }
  }

  @Test("a guest meets an added device on its ports", arguments: SmallGuest.accelerators)
  func meets(accelerator: Configuration.Accelerator) throws {
    // mov $0x590, %dx; mov $41, %al; out %al, %dx; in %dx, %al; out %al, $0xF4
    let guest = SmallGuest(code: [0x66, 0xBA, 0x90, 0x05, 0xB0, 41, 0xEE, 0xEC, 0xE6, 0xF4], on: accelerator)
    var devices = AddedDevices()
    devices.add(Successor(), Successor.placement)
    #expect(try Machine(guest.configuration, adding: devices).run().outcome == .exited(code: 42 << 1 | 1))
  }

  @Test("the plan has added devices, and ACPI tells of those with a hardware id")
  func planned() {
    var devices = AddedDevices()
    devices.add(Successor(), Successor.placement)
    devices.add(VirtioConsole(), name: "second console")
    let plan = BoardPlan(Configuration(), firmwareSize: 0, variablesSize: 0, adding: devices)
    #expect(plan.functions.contains { $0.name == "second console" && $0.address == FunctionAddress(slot: 0x1C) })
    let tables = ACPITables(processors: 1, placements: plan.described).tables
    #expect(tables.firstRange(of: Array("TEST0001".utf8)) != nil)
  }

  @Test("what the board has no place for is refused in a sentence")
  func refused() {
    var devices = AddedDevices()
    for number in 0..<3 { devices.add(VirtioConsole(), name: "console \(number)") }
    #expect(throws: MachineError.self) { try Machine(Configuration(), adding: devices) }
    let guest = SmallGuest(code: [0xF4], on: .soft)
    devices = AddedDevices()
    devices.add(Successor(), Placement("twin", ports: [PortRange(0x3F8, count: 1)]))
    let outcome = try? Machine(guest.configuration, adding: devices).run().outcome
    #expect(outcome == .refused("twin overlaps COM1 on the bus"))
  }
}
