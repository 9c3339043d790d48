/// A segment register, or another that has a base and a limit, by its place in the block.
enum Segment: UInt8, CaseIterable {
  // As instructions encode them.
  case es, cs, ss, ds, fs, gs
  /// None: the base is 0, and any address is allowed. Most operands in memory have it.
  case flat
  /// The registers LDTR, TR, GDTR and IDTR.
  case local, task, global, interrupt

  /// Those that instructions name, in the order of their numbers.
  static let named: [Segment] = [.es, .cs, .ss, .ds, .fs, .gs]

  /// - Parameter number: as an instruction has it; nil if there is none with that number.
  init?(number: UInt8) {
    guard number < 6 else { return nil }
    self.init(rawValue: number)
  }

  /// Where a core has its base, its limit, its rights and its selector.
  @inline(__always) var place: Int { Core.segments &+ Int(rawValue) &* 32 }

  /// Where it has whether any address may be read and written through it: data of 4 GiB.
  @inline(__always) var wholePlace: Int { place &+ 22 }

  /// Whether 32-bit code is flat depends on it.
  var decidesFlatness: Bool { rawValue <= Segment.ds.rawValue }

  /// Whether it has a base in 64-bit code.
  var hasBase64: Bool { self == .fs || self == .gs }
}
