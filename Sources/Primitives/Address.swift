/// A space of addresses that must not be mixed up with another.
public protocol AddressSpace: Sendable {
  associatedtype Scalar: FixedWidthInteger & UnsignedInteger & Sendable
}

/// The 64 Ki I/O ports.
public enum PortSpace: AddressSpace { public typealias Scalar = UInt16 }

/// Guest-physical memory.
public enum MemorySpace: AddressSpace { public typealias Scalar = UInt64 }

public typealias Port = Address<PortSpace>
public typealias GuestAddress = Address<MemorySpace>
public typealias PortRange = AddressRange<PortSpace>
public typealias MemoryRange = AddressRange<MemorySpace>

/// One address in one space.
public struct Address<Space: AddressSpace>: Hashable, Comparable, Sendable {
  public let value: Space.Scalar

  @inlinable public init(_ value: Space.Scalar) { self.value = value }

  @inlinable public static func < (a: Self, b: Self) -> Bool { a.value < b.value }

  /// The address `offset` bytes on; hardware wraps at the top of the space.
  @inlinable public static func + (address: Self, offset: Int) -> Self {
    Self(address.value &+ Space.Scalar(truncatingIfNeeded: offset))
  }

  /// The address `offset` bytes on, or nil where it would leave the space.
  @inlinable public func advanced(by offset: UInt64) -> Self? {
    guard let offset = Space.Scalar(exactly: offset) else { return nil }
    let (sum, overflow) = value.addingReportingOverflow(offset)
    return overflow ? nil : Self(sum)
  }
}

extension Address: ExpressibleByIntegerLiteral {
  @inlinable public init(integerLiteral value: UInt64) { self.init(Space.Scalar(value)) }
}

/// An inclusive, never empty range, so that it can end at the top of its space.
public struct AddressRange<Space: AddressSpace>: Hashable, Sendable {
  public let first: Address<Space>
  public let last: Address<Space>

  /// Ranges are source code: an empty or wrapping one is our own mistake.
  @inlinable public init(_ first: Address<Space>, count: UInt64) {
    precondition(count > 0, "an address range is never empty")
    guard let last = first.advanced(by: count - 1) else {
      preconditionFailure("an address range does not wrap")
    }
    self.first = first
    self.last = last
  }

  @inlinable public init(_ first: Address<Space>, through last: Address<Space>) {
    precondition(first <= last, "an address range does not wrap")
    self.first = first
    self.last = last
  }

  /// Its size; the whole 64-bit space, which no device has, would not fit and traps.
  @inlinable public var count: UInt64 { UInt64(last.value - first.value) + 1 }

  @inlinable public func contains(_ address: Address<Space>) -> Bool {
    first <= address && address <= last
  }

  @inlinable public func overlaps(_ other: Self) -> Bool {
    first <= other.last && other.first <= last
  }
}
