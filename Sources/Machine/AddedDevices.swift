public import DeviceModel
public import PCI
public import Virtio

/// Devices that a program puts on the board beside those that are always there.
///
/// They appear like the others: on the bus, in traces, and, with a hardware id in their placement, in the guest's ACPI.
public struct AddedDevices: Sendable {
  typealias Addition<Place> = @Sendable (inout BoardParts, Place) -> Void

  private(set) var placed: [(placement: Placement, add: Addition<Placement>)] = []
  private(set) var functions: [(name: String, add: Addition<BoardPlan.Function>)] = []

  public init() {}

  /// A device at fixed ports or in memory.
  public mutating func add<D: Device>(_ device: D, _ placement: Placement) {
    placed.append((placement, { parts, placement in parts.add(device, placement) }))
  }

  /// A function of PCI, on a slot of its own.
  public mutating func add<F: PCIFunction>(_ function: F, name: String) {
    functions.append((name, { parts, place in _ = parts.add(function, as: place) }))
  }

  /// A virtio device behind the usual transport, on a slot of PCI of its own.
  public mutating func add<F: VirtioFunction>(_ function: F, name: String) {
    functions.append((name, { parts, place in parts.add(function, as: place) }))
  }

  /// Refuses what the board has no place for. Two devices in one place are found when the bus is made.
  func check() throws(MachineError) {
    guard functions.count <= PCILayout.added.count else {
      throw MachineError("\(functions.count) functions of PCI were added, and the board has slots for \(PCILayout.added.count).")
    }
  }
}
