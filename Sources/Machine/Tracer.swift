internal import DeviceModel
internal import Host
internal import Primitives
internal import SystemBus

/// Writes one line for each thing that happens between the guest and its devices.
final class Tracer: Sendable {
  private let output: OutputStream
  private let all: Bool
  private let accesses: Bool
  private let interrupts: Bool
  private let names: Set<String>

  init(_ wish: Configuration.Trace) throws {
    let stream = wish.file.map { Configuration.Stream.file($0) }
    output = try OutputStream.open(stream ?? .standard, name: "trace") ?? OutputStream(name: "trace") { _ in true }
    all = wish.events.contains("all") || wish.events.isEmpty
    accesses = all || wish.events.contains("io")
    interrupts = all || wish.events.contains("irq")
    names = Set(wish.events)
  }

  private func shows(_ placement: Placement, _ kind: Bool) -> Bool { kind || names.contains(placement.name) }

  /// The target itself, or one that reports each access to it.
  func watching(_ target: any BusTarget) -> any BusTarget {
    shows(target.placement, accesses) ? TracedTarget(target, by: self) : target
  }

  func line(_ number: Int, _ level: Bool, of placement: Placement, at time: Instant) {
    guard shows(placement, interrupts) else { return }
    write(placement.name, "line \(number) \(level ? "high" : "low")", time)
  }

  func message(_ message: MSIMessage, of placement: Placement, at time: Instant) {
    guard shows(placement, interrupts) else { return }
    write(placement.name, "message \(Self.hex(message.address)) = \(Self.hex(UInt64(message.data)))", time)
  }

  func access(_ verb: String, _ width: AccessWidth, at offset: Int, _ value: UInt64, of placement: Placement, _ time: Instant) {
    write(placement.name, "\(verb) \(width) +\(Self.hex(UInt64(offset))) \(Self.hex(value))", time)
  }

  private func write(_ device: String, _ event: String, _ time: Instant) {
    let micro = time.nanoseconds / 1000
    let fraction = String(micro % 1_000_000)
    let zeroes = String(repeating: "0", count: 6 - fraction.count)
    output.put(Array("\(micro / 1_000_000).\(zeroes)\(fraction) \(device): \(event)\n".utf8))
  }

  func drain() { output.drain() }

  private static func hex(_ value: UInt64) -> String { "0x" + String(value, radix: 16) }
}

/// A bus target that reports what passes.
private final class TracedTarget: BusTarget {
  private let target: any BusTarget
  private let tracer: Tracer
  private let clock: @Sendable () -> Instant

  init(_ target: any BusTarget, by tracer: Tracer) {
    self.target = target
    self.tracer = tracer
    let start = HostClock.nanoseconds()
    clock = { Instant(nanoseconds: HostClock.nanoseconds() &- start) }
  }

  var placement: Placement { target.placement }
  var deadline: Instant? { target.deadline }
  func reset() { target.reset() }
  func advance() { target.advance() }

  func read(_ width: AccessWidth, at offset: Int) -> UInt64 {
    let value = target.read(width, at: offset)
    tracer.access("read", width, at: offset, value, of: placement, clock())
    return value
  }

  func write(_ value: UInt64, _ width: AccessWidth, at offset: Int) {
    tracer.access("write", width, at: offset, value, of: placement, clock())
    target.write(value, width, at: offset)
  }
}
