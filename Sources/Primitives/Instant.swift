/// A moment of guest time: nanoseconds since power-on.
public struct Instant: Hashable, Comparable, Sendable {
  public let nanoseconds: UInt64

  @inlinable public init(nanoseconds: UInt64) { self.nanoseconds = nanoseconds }

  @inlinable public static var start: Instant { Instant(nanoseconds: 0) }
  @inlinable public static func seconds(_ n: UInt64) -> Instant { Instant(nanoseconds: n &* 1_000_000_000) }
  @inlinable public static func milliseconds(_ n: UInt64) -> Instant { Instant(nanoseconds: n &* 1_000_000) }

  @inlinable public static func < (a: Self, b: Self) -> Bool { a.nanoseconds < b.nanoseconds }
  @inlinable public static func + (a: Self, nanoseconds: UInt64) -> Self {
    let (sum, overflow) = a.nanoseconds.addingReportingOverflow(nanoseconds)
    return Instant(nanoseconds: overflow ? .max : sum)
  }

  /// Nanoseconds from an earlier moment to this one; zero if it was not earlier.
  @inlinable public func since(_ earlier: Instant) -> UInt64 {
    nanoseconds > earlier.nanoseconds ? nanoseconds - earlier.nanoseconds : 0
  }

  /// Whole ticks of a clock of `hertz` since power-on.
  @inlinable public func ticks(hertz: UInt64) -> UInt64 {
    let product = nanoseconds.multipliedFullWidth(by: hertz)
    let billion: UInt64 = 1_000_000_000
    guard product.high < billion else { return .max }
    return billion.dividingFullWidth(product).quotient
  }

  /// The first moment at which a clock of `hertz` has ticked `count` times; never reached if out of range.
  @inlinable public static func tick(_ count: UInt64, hertz: UInt64) -> Instant {
    let product = count.multipliedFullWidth(by: 1_000_000_000)
    guard hertz > 0, product.high < hertz else { return Instant(nanoseconds: .max) }
    let (quotient, remainder) = hertz.dividingFullWidth(product)
    return Instant(nanoseconds: quotient) + (remainder > 0 ? 1 : 0)
  }
}
