/// A memory operand: base + index << scale + displacement, perhaps from the GS base on.
public struct Memory: Equatable, Sendable {
  public var base: Register?
  /// Any register but RSP.
  public var index: Register?
  /// 0 to 3.
  public var scale: UInt8
  public var displacement: Int32
  public var isInGS: Bool

  public init(_ base: Register? = nil, index: Register? = nil, scale: UInt8 = 0, displacement: Int32 = 0) {
    (self.base, self.index, self.scale, self.displacement, isInGS) = (base, index, scale & 3, displacement, false)
  }

  /// A place at a fixed distance from the GS base, or from there and an index.
  public static func gs(_ displacement: Int, index: Register? = nil, scale: UInt8 = 0) -> Memory {
    var place = Memory(nil, index: index, scale: scale, displacement: Int32(truncatingIfNeeded: displacement))
    place.isInGS = true
    return place
  }
}

/// What the ModRM byte's `rm` and its extensions name.
public enum ModRM: Equatable, Sendable {
  case register(Register)
  /// AH, CH, DH or BH, by the register they are in.
  case high(Register)
  case vector(UInt8)
  case memory(Memory)
}

/// What the ModRM byte's `reg` names.
public enum Field: Equatable, Sendable {
  case register(Register)
  case high(Register)
  case vector(UInt8)
  /// More of the opcode.
  case digit(UInt8)
}

/// An instruction's opcode, without operands and their width.
public struct Opcode: Equatable, Sendable {
  public enum Map: UInt8, Sendable { case one, two, three38, three3A }
  /// The prefix that chooses among the instructions of one opcode.
  public enum Prefix: UInt8, Sendable { case none, operandSize, repeatZero, repeatNonzero }
  public var byte: UInt8
  public var map: Map
  public var prefix: Prefix

  public init(_ byte: UInt8, _ map: Map = .one, _ prefix: Prefix = .none) {
    (self.byte, self.map, self.prefix) = (byte, map, prefix)
  }
}
