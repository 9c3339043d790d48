/// Prefixes and what they amount to.
struct Prefixes: OptionSet {
  var rawValue: UInt16
  static let lock = Prefixes(rawValue: 1)
  static let repeatZero = Prefixes(rawValue: 2)
  static let repeatNonzero = Prefixes(rawValue: 4)
  static let operandSize = Prefixes(rawValue: 8)
  static let rexW = Prefixes(rawValue: 16)
  static let rex = Prefixes(rawValue: 32)
  static let vex = Prefixes(rawValue: 64)
  /// The address needs no more than base + index * scale + displacement.
  static let plainAddress = Prefixes(rawValue: 128)
  /// A vector operand in memory must be aligned to its size.
  static let aligned = Prefixes(rawValue: 256)
  /// A vector or x87 operand in memory is the destination.
  static let writes = Prefixes(rawValue: 512)
  /// VEX.W, which counts outside of 64-bit code for some.
  static let vexW = Prefixes(rawValue: 1024)
  /// The operand is the stack segment's, whether that is flat or not: in 64-bit code, by RSP or RBP.
  static let throughStack = Prefixes(rawValue: 2048)
  static let repeated: Prefixes = [.repeatZero, .repeatNonzero]
}
