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

  /// `_PRT`: pin p of slot s drives PIRQE to PIRQH in turn; slots from 25 on, the chipset's own, PIRQA to PIRQD.
  static var routing: AML.Term {
    let table = AML.local(0)
    let number = AML.local(1)
    let slot = AML.local(2)
    let pin = AML.local(3)
    let line = AML.local(4)
    let address = AML.local(5)
    let first = UInt64(Platform.firstPCILine)
    let entry = AML.index(table, number)
    func set(_ element: UInt64, _ value: AML.Term) -> AML.Term {
      AML.store(value, to: AML.index(AML.dereference(entry), AML.integer(element)))
    }
    return AML.method(
      "_PRT", arguments: 0,
      [
        AML.store(AML.package([], count: pinCount), to: table),
        AML.store(AML.zero, to: number),
        AML.loop(
          while: AML.less(number, AML.integer(UInt64(pinCount))),
          [
            AML.store(AML.shiftRight(number, by: AML.integer(2)), to: slot),
            AML.store(AML.and(number, AML.integer(3)), to: pin),
            AML.when(
              AML.less(slot, AML.integer(25)),
              [
                AML.store(
                  AML.add(AML.integer(first + 4), AML.and(AML.add(slot, pin), AML.integer(3))), to: line)
              ],
              otherwise: [AML.store(AML.add(AML.integer(first), pin), to: line)]),
            AML.store(AML.package([AML.zero, AML.zero, AML.zero, AML.zero]), to: entry),
            AML.or(AML.shiftLeft(slot, by: AML.integer(16)), AML.integer(anyFunction), to: address),
            set(0, address),
            set(1, pin),
            set(2, AML.zero),
            set(3, line),
            AML.increment(number),
          ]),
        AML.giveBack(table),
      ])
  }

  private static let pinCount = 32 * 4
  private static let anyFunction: UInt64 = 0xFFFF
  private static let unknownUUID: UInt64 = 0x04
  private static let unknownRevision: UInt64 = 0x08
}
