internal import DeviceModel
internal import Host
internal import Primitives

/// The board as a flattened device tree, from where its devices sit. Our firmware reads it instead of knowing addresses.
struct BoardTree {
  private let plan: BoardPlan

  init(_ plan: BoardPlan) { self.plan = plan }

  /// Nil if it became larger than any tree of ours should.
  var bytes: [UInt8]? {
    var tree = DeviceTreeWriter()
    tree.set("#address-cells", 2)
    tree.set("#size-cells", 2)
    tree.set("compatible", "swboot,q35-lite")
    tree.set("model", "swboot")
    tree.node("chosen") { $0.set("stdout-path", "/isa/com1@i3f8") }
    tree.node("cpus") { cpus in
      cpus.set("#address-cells", 1)
      cpus.set("#size-cells", 0)
      for index in 0..<plan.processors {
        cpus.node("cpu@\(index.hex())") { cpu in
          cpu.set("device_type", "cpu")
          cpu.set("compatible", "x86")
          cpu.set("reg", UInt32(truncatingIfNeeded: index))
        }
      }
    }
    tree.node("memory@0") { node in
      node.set("device_type", "memory")
      var cells = Self.cells(0) + Self.cells(plan.lowMemory)
      if plan.highMemory > 0 { cells += Self.cells(Platform.highRAMStart) + Self.cells(plan.highMemory) }
      node.set("reg", cells)
    }
    tree.node("interrupt-controller@\(Platform.ioAPIC.first.value.hex())") { node in
      node.set("compatible", "intel,ce4100-ioapic")
      node.set("interrupt-controller")
      node.set("#interrupt-cells", 2)
      node.set("#address-cells", 0)
      node.set("reg", Self.cells(Platform.ioAPIC))
      node.set("phandle", Self.interruptController)
    }
    addPCI(to: &tree)
    addLegacyDevices(to: &tree)
    return tree.finish()
  }

  private static let interruptController: UInt32 = 1

  private static func cells(_ value: UInt64) -> [UInt32] {
    [UInt32(truncatingIfNeeded: value >> 32), UInt32(truncatingIfNeeded: value)]
  }
  private static func cells(_ range: MemoryRange) -> [UInt32] { cells(range.first.value) + cells(range.count) }

  private func addPCI(to tree: inout DeviceTreeWriter) {
    tree.node("pcie@\(Platform.ecam.first.value.hex())") { node in
      node.set("compatible", "pci-host-ecam-generic")
      node.set("device_type", "pci")
      node.set("#address-cells", 3)
      node.set("#size-cells", 2)
      node.set("reg", Self.cells(Platform.ecam))
      node.set("bus-range", 0, 255)
      // 32-bit memory, not prefetchable, at the same address on both sides.
      let window = Platform.pciMemory
      node.set("ranges", [0x0200_0000] + Self.cells(window.first.value) + Self.cells(window))
    }
  }

  /// Everything with ports. A legacy bus' addresses have a first cell that says "port" or "memory".
  private func addLegacyDevices(to tree: inout DeviceTreeWriter) {
    tree.node("isa") { bus in
      bus.set("compatible", "isa")
      bus.set("device_type", "isa")
      bus.set("#address-cells", 2)
      bus.set("#size-cells", 1)
      bus.set("interrupt-parent", Self.interruptController)
      for placement in plan.placements {
        // What belongs to PCI is in the node above.
        guard let first = placement.ports.first, placement.memory?.overlaps(Platform.pciMemory) != true else { continue }
        let name = String(placement.name.lowercased().map { $0 == " " ? "-" : $0 })
        bus.node("\(name)@i\(first.first.value.hex())") { node in
          let id = placement.acpiID.flatMap { Self.plugAndPlayName("\($0)") }
          node.set("compatible", (id.map { [$0] } ?? []) + ["swboot,\(name)"])
          let memory = placement.memory.map { [0, UInt32(truncatingIfNeeded: $0.first.value), UInt32(truncatingIfNeeded: $0.count)] }
          node.set("reg", placement.ports.flatMap { [1, UInt32($0.first.value), UInt32($0.count)] } + (memory ?? []))
          if let line = placement.line { node.set("interrupts", UInt32(truncatingIfNeeded: line), 0) }
        }
      }
    }
  }

  /// "PNP0501" is "pnpPNP,501" on a device tree's legacy bus.
  private static func plugAndPlayName(_ id: String) -> String? {
    guard id.hasPrefix("PNP") else { return nil }
    return "pnpPNP,\(id.dropFirst(3).drop { $0 == "0" }.lowercased())"
  }
}
