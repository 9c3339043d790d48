/// The local vector table: what each of the APIC's own sources delivers. Bit 16 masks an entry.
struct LocalVectors: Sendable {
  static let maskBit: UInt32 = 1 << 16

  var timer = maskBit
  var thermal = maskBit
  var performance = maskBit
  var line0 = maskBit
  var line1 = maskBit
  var error = maskBit

  /// A switched-off APIC holds every mask set.
  mutating func maskAll() {
    timer |= Self.maskBit
    thermal |= Self.maskBit
    performance |= Self.maskBit
    line0 |= Self.maskBit
    line1 |= Self.maskBit
    error |= Self.maskBit
  }
}
