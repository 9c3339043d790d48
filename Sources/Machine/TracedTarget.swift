internal import DeviceModel
internal import Primitives
internal import SystemBus

/// A bus target that reports what passes.
final class TracedTarget: BusTarget {
  private let target: any BusTarget
  private let tracer: Tracer

  init(_ target: any BusTarget, by tracer: Tracer) {
    self.target = target
    self.tracer = tracer
  }

  var placement: Placement { target.placement }
  var deadline: Instant? { target.deadline }
  func reset() { target.reset() }
  func advance() { target.advance() }

  func handsOn(_ offset: Int) -> Bool { target.handsOn(offset) }

  func read(_ width: AccessWidth, at offset: Int) -> UInt64 {
    let value = target.read(width, at: offset)
    if !handsOn(offset) { tracer.access("read", width, at: offset, value & width.mask, of: placement.name) }
    return value
  }

  func write(_ value: UInt64, _ width: AccessWidth, at offset: Int) {
    if !handsOn(offset) { tracer.access("write", width, at: offset, value, of: placement.name) }
    target.write(value, width, at: offset)
  }
}
