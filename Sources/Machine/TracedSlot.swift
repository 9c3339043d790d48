internal import DeviceModel
internal import PCI
internal import PCIBus
internal import Primitives

/// A PCI function that reports what passes.
final class TracedSlot: PCISlot {
  private let slot: any PCISlot
  private let tracer: Tracer

  init(_ slot: any PCISlot, by tracer: Tracer) {
    self.slot = slot
    self.tracer = tracer
  }

  var address: FunctionAddress { slot.address }
  var placement: Placement { slot.placement }
  var doorbells: [Doorbell] { slot.doorbells }
  var deadline: Instant? { slot.deadline }
  func reset() { slot.reset() }
  func advance() { slot.advance() }
  var windows: [PCIWindow] { slot.windows }

  func readConfiguration(_ width: AccessWidth, at offset: Int) -> UInt64 {
    let value = slot.readConfiguration(width, at: offset)
    tracer.access("read", width, "configuration", at: offset, value & width.mask, of: placement.name)
    return value
  }

  func writeConfiguration(_ value: UInt64, _ width: AccessWidth, at offset: Int) {
    tracer.access("write", width, "configuration", at: offset, value & width.mask, of: placement.name)
    slot.writeConfiguration(value, width, at: offset)
  }

  func readMemory(bar: Int, _ width: AccessWidth, at offset: Int) -> UInt64 {
    let value = slot.readMemory(bar: bar, width, at: offset)
    tracer.access("read", width, at: offset, value & width.mask, of: placement.name)
    return value
  }

  func writeMemory(_ value: UInt64, bar: Int, _ width: AccessWidth, at offset: Int) {
    tracer.access("write", width, at: offset, value & width.mask, of: placement.name)
    slot.writeMemory(value, bar: bar, width, at: offset)
  }
}
