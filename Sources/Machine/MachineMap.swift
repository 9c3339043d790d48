internal import DeviceModel
internal import Devices
internal import GuestRAM
internal import Host
internal import PCI
internal import PCIBus
internal import Primitives

/// The map of the machine a configuration would make.
public enum MachineMap {
  public static func report(_ configuration: Configuration) throws(MachineError) -> [String] { lines(try plan(configuration)) }

  /// The same as a flattened device tree.
  public static func tree(_ configuration: Configuration) throws(MachineError) -> [UInt8] {
    guard let tree = BoardTree(try plan(configuration)).bytes else {
      throw MachineError("the board is too large for its device tree. Ask for fewer processors.")
    }
    return tree
  }

  private static func plan(_ configuration: Configuration) throws(MachineError) -> BoardPlan {
    do { return try BoardPlan(describing: configuration) } catch { throw MachineError(error) }
  }

  private static func lines(_ plan: BoardPlan) -> [String] {
    var lines = ["memory"]
    var ranges = plan.windows.map { window -> (MemoryRange, String) in
      switch window.backing {
      case .ram: (window.range, window.access == .readWrite ? "RAM" : "RAM, read-only")
      case .firmware: (window.range, "firmware")
      }
    }
    // Whoever keeps the interrupt chips, the guest sees them here.
    let placements = plan.placements + [LegacyPIC.placement, IntervalTimer.placement, IOAPIC.placement]
    for placement in placements {
      if let range = placement.memory { ranges.append((range, placement.name)) }
    }
    ranges.append((Platform.localAPIC, "local APIC, message-signalled interrupts"))
    for (range, name) in ranges.sorted(by: { $0.0.first < $1.0.first }) {
      lines.append("  \(range.first.value.hex(digits: 9))-\(range.last.value.hex(digits: 9))  \(name)")
    }
    lines.append("ports")
    var ports: [(PortRange, Placement)] = []
    for placement in placements { ports += placement.ports.map { ($0, placement) } }
    for (range, placement) in ports.sorted(by: { $0.0.first < $1.0.first }) {
      let line = placement.line.map { "  interrupt \($0)" } ?? ""
      lines.append("  \(range.first.value.hex(digits: 4))-\(range.last.value.hex(digits: 4))            \(placement.name)\(line)")
    }
    lines.append("PCI")
    for function in plan.functions { lines.append("  00:\(function.address.slot.hex(digits: 2)).0              \(function.name)") }
    return lines
  }
}
