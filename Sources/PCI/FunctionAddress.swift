internal import Primitives

/// Where a function sits on bus 0, the only bus there is.
public struct FunctionAddress: Hashable, Comparable, Sendable {
  /// The device number, 0 to 31.
  public let slot: Int
  /// The function number, 0 to 7.
  public let function: Int

  /// Addresses of our own functions are source code; a wrong one is our own mistake.
  public init(slot: Int, function: Int = 0) {
    precondition((0..<32).contains(slot) && (0..<8).contains(function), "a bus has 32 slots of 8 functions")
    self.slot = slot
    self.function = function
  }

  /// The address in the configuration space's numbering: five bits of slot, three of function.
  public init(devfn: Int) {
    slot = devfn >> 3 & 31
    function = devfn & 7
  }

  public var devfn: Int { slot << 3 | function }

  public static func < (a: Self, b: Self) -> Bool { a.devfn < b.devfn }

  /// The index among PIRQA to PIRQH of a pin (0 is INTA), as `_PRT` tells it.
  public func interruptIndex(pin: Int) -> Int {
    PCIRouting.wire(slot: slot, pin: pin)
  }
}
