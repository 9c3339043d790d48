internal import CLinux
internal import DeviceModel
internal import Devices
internal import Primitives
internal import Processor
internal import SystemBus

/// The interrupt chips that KVM keeps in the kernel, and the timer on their line 0, which is ours: one in the kernel has a thread
/// there, and its end takes longer than all else of a start and an end.
final class KernelChips: InterruptController, Backplane {
  private let entrance: InterruptEntrance
  private let clock: @Sendable () -> Instant
  private let deadlineMoved: @Sendable () -> Void

  /// - Parameter deadlineMoved: called from any thread when the timer wants to be advanced at another time.
  init(of vm: Int32, clock: @escaping @Sendable () -> Instant, deadlineMoved: @escaping @Sendable () -> Void) throws(ProcessorError) {
    entrance = InterruptEntrance(vm: vm)
    self.clock = clock
    self.deadlineMoved = deadlineMoved
    try check("KVM_CREATE_IRQCHIP", linux_ioctl(vm, linux_KVM_CREATE_IRQCHIP, 0))
    try entrance.setRoutes(InterruptRoute.toKernelChips)
  }

  // MARK: The timer

  func makeTimer() -> any BusTarget { Slot(IntervalTimer(), IntervalTimer.placement, on: self) }

  var now: Instant { clock() }

  func carryOut(_ cycle: Cycle, of placement: Placement) {
    if let level = cycle.interrupt, let line = placement.line { setLine(line, level) }
    if cycle.changes.contains(.deadline) { deadlineMoved() }
  }

  // MARK: Interrupts come in

  func setLine(_ line: Int, _ level: Bool) {
    var event = kvm_irq_level()
    event.irq = UInt32(truncatingIfNeeded: line)
    event.level = level ? 1 : 0
    // Nothing to report: the kernel refuses only lines that do not exist.
    _ = unsafe linux_ioctl_pointer(entrance.vm, linux_KVM_IRQ_LINE, &event)
  }

  func setLevelTriggered(_ lines: UInt16) {
    for chip in [InterruptRoute.Chip.firstPIC, .secondPIC] {
      var content = kvm_irqchip()
      content.chip_id = chip.rawValue
      // Nothing to report: every kernel that made the chips can show and set them.
      guard unsafe linux_ioctl_pointer(entrance.vm, linux_KVM_GET_IRQCHIP, &content) >= 0 else { continue }
      unsafe content.chip.pic.elcr = UInt8(truncatingIfNeeded: chip == .firstPIC ? lines : lines >> 8)
      _ = unsafe linux_ioctl_pointer(entrance.vm, linux_KVM_SET_IRQCHIP, &content)
    }
  }

  func send(_ message: MSIMessage) { entrance.send(message) }
}
