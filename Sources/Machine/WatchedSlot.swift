internal import DeviceModel
internal import PCI
internal import PCIBus
internal import Primitives

/// A PCI function whose accesses somebody sees.
final class WatchedSlot: PCISlot {
  private let slot: any PCISlot
  private let watcher: any AccessWatcher

  init(_ slot: any PCISlot, by watcher: any AccessWatcher) {
    self.slot = slot
    self.watcher = watcher
  }

  var address: FunctionAddress { slot.address }
  var placement: Placement { slot.placement }
  var doorbells: [Doorbell] { slot.doorbells }
  var selectors: [MemoryRange] { slot.selectors }
  var deadline: Instant? { slot.deadline }
  func reset() { slot.reset() }
  func advance() { slot.advance() }
  var windows: [PCIWindow] { slot.windows }

  func readConfiguration(_ width: AccessWidth, at offset: Int) -> UInt64 {
    let value = slot.readConfiguration(width, at: offset)
    watcher.sees(.read, width, .configuration, at: offset, value & width.mask)
    return value
  }

  func writeConfiguration(_ value: UInt64, _ width: AccessWidth, at offset: Int) {
    watcher.sees(.write, width, .configuration, at: offset, value & width.mask)
    slot.writeConfiguration(value, width, at: offset)
  }

  func readMemory(bar: Int, _ width: AccessWidth, at offset: Int) -> UInt64 {
    let value = slot.readMemory(bar: bar, width, at: offset)
    watcher.sees(.read, width, .own, at: offset, value & width.mask)
    return value
  }

  func writeMemory(_ value: UInt64, bar: Int, _ width: AccessWidth, at offset: Int) {
    watcher.sees(.write, width, .own, at: offset, value & width.mask)
    slot.writeMemory(value, bar: bar, width, at: offset)
  }
}
