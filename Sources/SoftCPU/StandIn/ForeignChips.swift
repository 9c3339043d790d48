internal import DeviceModel
internal import Primitives
internal import Synchronization
internal import SystemBus

/// Interrupt chips that another accelerator keeps: whoever reaches them here has not reached them.
final class ForeignChips: BusTarget {
  let placement: Placement
  private let touched = Atomic<Bool>(false)

  init(_ name: String, _ memory: MemoryRange) { placement = Placement(name, memory: memory) }

  /// Whether anybody came here since the last look.
  func wasTouched() -> Bool { touched.exchange(false, ordering: .relaxed) }

  func read(_ width: AccessWidth, at offset: Int) -> UInt64 {
    touched.store(true, ordering: .relaxed)
    return width.ones
  }
  func write(_ value: UInt64, _ width: AccessWidth, at offset: Int) { touched.store(true, ordering: .relaxed) }
  func reset() {}
  var deadline: Instant? { nil }
  func advance() {}
}
