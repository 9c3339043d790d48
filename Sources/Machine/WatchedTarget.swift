internal import DeviceModel
internal import Primitives
internal import SystemBus

/// A bus target whose accesses somebody sees.
final class WatchedTarget: BusTarget {
  private let target: any BusTarget
  private let watcher: any AccessWatcher

  init(_ target: any BusTarget, by watcher: any AccessWatcher) {
    self.target = target
    self.watcher = watcher
  }

  var placement: Placement { target.placement }
  var deadline: Instant? { target.deadline }
  func reset() { target.reset() }
  func advance() { target.advance() }

  func handsOn(_ offset: Int) -> Bool { target.handsOn(offset) }

  func read(_ width: AccessWidth, at offset: Int) -> UInt64 {
    let value = target.read(width, at: offset)
    if !handsOn(offset) { watcher.sees(.read, width, .own, at: offset, value & width.mask) }
    return value
  }

  func write(_ value: UInt64, _ width: AccessWidth, at offset: Int) {
    if !handsOn(offset) { watcher.sees(.write, width, .own, at: offset, value) }
    target.write(value, width, at: offset)
  }
}
