internal import DeviceModel
internal import PCI
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
  func decode(_ address: UInt64, count: Int) -> (bar: Int, offset: Int)? { slot.decode(address, count: count) }

  func readConfiguration(_ width: AccessWidth, at offset: Int) -> UInt64 {
    let value = slot.readConfiguration(width, at: offset)
    tracer.access("read", width, "configuration", at: offset, value & width.mask, of: placement.name)
    return value
  }

  func writeConfiguration(_ value: UInt64, _ width: AccessWidth, at offset: Int) {
    tracer.access("write", width, "configuration", at: offset, value & width.mask, of: placement.name)
    slot.writeConfiguration(value, width, at: offset)
  }

  func readMemory(_ width: AccessWidth, at address: UInt64) -> UInt64? {
    let place = decode(address, count: width.byteCount)
    let value = slot.readMemory(width, at: address)
    if let place, let value { tracer.access("read", width, at: place.offset, value & width.mask, of: placement.name) }
    return value
  }

  func writeMemory(_ value: UInt64, _ width: AccessWidth, at address: UInt64) -> Bool {
    if let place = decode(address, count: width.byteCount) {
      tracer.access("write", width, at: place.offset, value & width.mask, of: placement.name)
    }
    return slot.writeMemory(value, width, at: address)
  }
}
