import Primitives

/// The host bridge's methods.
enum PCIMethods {
  /// `_OSC`: the operating system may have the PCI Express capability structures, nothing else.
  static var capabilities: AML.Term {
    let status = AML.variable("CDW1")
    let control = AML.variable("CDW3")
    return AML.method(
      "_OSC", arguments: 4,
      [
        AML.createDWordField("CDW1", in: AML.argument(3), at: 0),
        AML.when(
          AML.equal(AML.argument(0), AML.uuid("33DB4D5B-1FF7-401C-9657-7441C03DD766")),
          [
            AML.createDWordField("CDW3", in: AML.argument(3), at: 8),
            AML.and(control, AML.integer(0x10), to: control),
            AML.when(
              AML.notEqual(AML.argument(1), AML.one),
              [AML.or(status, AML.integer(unknownRevision), to: status)]),
            AML.giveBack(AML.argument(3)),
          ]),
        AML.or(status, AML.integer(unknownUUID), to: status),
        AML.giveBack(AML.argument(3)),
      ])
  }

  /// `_PRT`: what each pin of each slot drives.
  /// It is a constant: an interpreter takes seconds on a slow processor to build it, for each device it enables.
  static var routing: AML.Term {
    let entries = (0..<32).flatMap { slot in
      (0..<4).map { pin in
        let line = UInt64(Platform.firstPCILine) + UInt64(PCIRouting.wire(slot: slot, pin: pin))
        return AML.package([
          AML.integer(UInt64(slot) << 16 | anyFunction), AML.integer(UInt64(pin)), AML.zero, AML.integer(line),
        ])
      }
    }
    return AML.name("_PRT", AML.package(entries))
  }

  private static let anyFunction: UInt64 = 0xFFFF
  private static let unknownUUID: UInt64 = 0x04
  private static let unknownRevision: UInt64 = 0x08
}
