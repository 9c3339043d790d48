/// A processor's own interrupt chip, as its core sees it.
protocol LocalInterrupts: AnyObject, Sendable {
  /// The vector to deliver now, which then is in service; nil if none is pending above the priority.
  func acknowledge() -> UInt8?
  var hasPending: Bool { get }
  var taskPriority: UInt8 { get set }
  func readRegister(_ offset: Int) -> UInt32
  func writeRegister(_ offset: Int, _ value: UInt32)
  /// x2APIC registers by MSR number less 0x800.
  func readExtended(_ number: Int) -> UInt64
  func writeExtended(_ number: Int, _ value: UInt64)
}

/// No chip: nothing ever interrupts.
final class NoInterrupts: LocalInterrupts {
  func acknowledge() -> UInt8? { nil }
  var hasPending: Bool { false }
  var taskPriority: UInt8 {
    get { 0 }
    set {}
  }
  func readRegister(_ offset: Int) -> UInt32 { 0 }
  func writeRegister(_ offset: Int, _ value: UInt32) {}
  func readExtended(_ number: Int) -> UInt64 { 0 }
  func writeExtended(_ number: Int, _ value: UInt64) {}
}
