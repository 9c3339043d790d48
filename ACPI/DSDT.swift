import DeviceModel
import Primitives

/// The differentiated system description: the machine's devices as the operating system finds them.
enum DSDT {
  static func body(_ machine: DescribedMachine) -> [UInt8] {
    // Sleep type 0 is what firmware, which has no interpreter, writes to power off.
    let softOff = AML.name("_S5", AML.package([AML.zero, AML.zero, AML.zero, AML.zero]))
    let legacy = nodes(machine) { isPlugAndPlay($0) }
    let others = nodes(machine) { !isPlugAndPlay($0) }
    return softOff + AML.scope("_SB", [hostBridge(machine, legacy), motherboard(machine)] + others)
  }

  private static func hostBridge(_ machine: DescribedMachine, _ legacy: [AML.Term]) -> AML.Term {
    AML.device(
      "PCI0",
      [
        AML.name("_HID", AML.eisaID("PNP0A08")),
        AML.name("_CID", AML.eisaID("PNP0A03")),
        AML.name("_SEG", AML.zero),
        AML.name("_BBN", AML.zero),
        AML.name("_UID", AML.zero),
        AML.name(
          "_CRS",
          Resource.template(
            [
              Resource.busWindow(0...0),
              Resource.ports(PortRange(Platform.pciConfigAddress, count: 8)),
              Resource.portWindow(0...0xCF7),
              Resource.portWindow(0xD00...0xFFFF),
            ] + machine.pciWindows.map(Resource.memoryWindow))),
        PCIMethods.capabilities,
        PCIMethods.routing,
        AML.device("ISA", [AML.name("_ADR", AML.integer(0x001F_0000))] + legacy),
      ])
  }

  /// What the chipset itself occupies, so that nobody puts a device there. Not the interrupt chips: an operating system
  /// has taken them long before, by the table of interrupt controllers, and would warn of a second claim.
  private static func motherboard(_ machine: DescribedMachine) -> AML.Term {
    AML.device(
      "MBRD",
      [
        AML.name("_HID", AML.eisaID("PNP0C02")),
        AML.name("_UID", AML.zero),
        AML.name(
          "_CRS",
          Resource.template([
            Resource.memory(machine.ecam),
            Resource.ports(PortRange(machine.pmBase, count: Platform.pmBlock.count)),
            Resource.ports(Platform.systemControl),
            Resource.ports(Platform.apmControl),
            Resource.ports(PortRange(PCIRouting.levelTriggered, count: 2)),
          ])),
      ])
  }

  /// Seven letters are a Plug and Play id, whose devices sit behind the ISA bridge.
  private static func isPlugAndPlay(_ id: String) -> Bool { id.utf8.count == 7 }

  private static func nodes(_ machine: DescribedMachine, _ chosen: (String) -> Bool) -> [AML.Term] {
    var seen: [String] = []
    return machine.placements.enumerated().compactMap { number, placement in
      guard let id = placement.acpiID?.description, chosen(id) else { return nil }
      let earlier = seen.count { $0 == id }
      seen.append(id)
      return node(placement, id, number: number, earlier: earlier)
    }
  }

  private static func node(_ placement: Placement, _ id: String, number: Int, earlier: Int) -> AML.Term {
    let customary = earlier == 0 ? HardwareID(rawValue: id)?.nodeName : nil
    let legacy = isPlugAndPlay(id)
    return AML.device(
      customary ?? "D" + threeDigits(number),
      [
        AML.name("_HID", legacy ? AML.eisaID(id) : AML.string(id)),
        AML.name("_UID", AML.integer(UInt64(earlier + 1))),
        // Present, enabled and working; what is not a legacy device is not shown to a user.
        AML.name("_STA", AML.integer(legacy ? 0x0F : 0x0B)),
        AML.name("_CRS", Resource.template(placement)),
      ])
  }

  private static func threeDigits(_ number: Int) -> String {
    let digits = String(number)
    return String(repeating: "0", count: max(0, 3 - digits.utf8.count)) + digits
  }
}
