public import DeviceModel
public import Primitives

/// One device on a workbench: byte accesses at a given time, and what they caused.
public struct Bench<D: Device> {
  public var device: D
  public var now = Instant.start
  /// The last level the device gave its line.
  public var line = false
  /// The cycle of the last access.
  public var last = Cycle(at: .start)

  /// Does what the device asks of whoever works for it.
  private let serve: ((inout D, inout Cycle) -> Void)?

  public init(_ device: D, serve: ((inout D, inout Cycle) -> Void)? = nil) {
    self.device = device
    self.serve = serve
  }

  public mutating func read(_ offset: Int, _ width: AccessWidth = .byte) -> UInt64 {
    cycle { $0.read(width, at: offset, &$1) }
  }

  public mutating func write(_ value: UInt64, _ offset: Int, _ width: AccessWidth = .byte) {
    cycle { $0.write(value, width, at: offset, &$1) }
  }

  /// Lets time pass; the device is called when it asked to be. Returns how often that was.
  @discardableResult public mutating func pass(nanoseconds: UInt64) -> Int {
    let end = now + nanoseconds
    var calls = 0
    while let deadline = device.deadline, deadline <= end, calls < 10_000 {
      now = max(now, deadline)
      cycle { $0.advance(&$1) }
      calls += 1
    }
    now = end
    return calls
  }

  @discardableResult public mutating func cycle<R>(_ body: (inout D, inout Cycle) -> R) -> R {
    var cycle = Cycle(at: now)
    let result = body(&device, &cycle)
    if cycle.changes.contains(.work), let serve { serve(&device, &cycle) }
    if let level = cycle.interrupt { line = level }
    last = cycle
    return result
  }

  /// Hammers the device with every width at every offset and many values, as a hostile guest would.
  public mutating func hammer(byteCount: Int, rounds: Int = 2_000) {
    var seed: UInt64 = 0x9E37_79B9_7F4A_7C15
    for _ in 0..<rounds {
      seed = seed &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      let width = AccessWidth.allCases[Int(seed >> 60 & 3)]
      let offset = Int(seed >> 40 & 0xFFFF) % byteCount
      if seed[bit: 59] { write(seed >> 3 & width.mask, offset, width) } else { _ = read(offset, width) }
      pass(nanoseconds: seed >> 50)
    }
  }
}
