/// The kinds of code that an application can run on the host.
enum CodeMode: CaseIterable {
  /// 64 bits.
  case long
  /// 32 bits with flat segments.
  case flat32
  /// 16 bits, with the scratch pages as the one data and stack segment.
  case small16

  /// Where the scratch pages begin in the data segment.
  var dataOffset: UInt64 { self == .small16 ? 0 : HostOracle.scratch }
}
