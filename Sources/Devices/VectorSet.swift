internal import Primitives

/// A set of the 256 vectors, laid out as a local APIC shows it: eight 32-bit registers.
struct VectorSet: Equatable, Sendable {
  var words = SIMD8<UInt32>()

  subscript(_ vector: UInt8) -> Bool {
    get { words[Int(vector >> 5)][bit: Int(vector & 31)] }
    set { words[Int(vector >> 5)][bit: Int(vector & 31)] = newValue }
  }

  /// The most urgent vector.
  var highest: UInt8? {
    for index in (0..<8).reversed() where words[index] != 0 {
      return UInt8(truncatingIfNeeded: index * 32 + 31 - words[index].leadingZeroBitCount)
    }
    return nil
  }
}
