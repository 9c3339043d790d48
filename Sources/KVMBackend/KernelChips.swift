internal import CLinux
internal import DeviceModel
internal import Primitives
internal import Processor

/// The interrupt chips that KVM keeps in the kernel, all of them.
final class KernelChips: InterruptController {
  private let entrance: InterruptEntrance

  init(of vm: Int32) throws(ProcessorError) {
    entrance = InterruptEntrance(vm: vm)
    try check("KVM_CREATE_IRQCHIP", linux_ioctl(vm, linux_KVM_CREATE_IRQCHIP, 0))
    try entrance.setRoutes(InterruptRoute.toKernelChips)
    // Port 61h answers in the kernel too: kernels poll it while they calibrate their clock.
    var timer = kvm_pit_config()
    timer.flags = UInt32(KVM_PIT_SPEAKER_DUMMY)
    try check("KVM_CREATE_PIT2", unsafe linux_ioctl_pointer(vm, linux_KVM_CREATE_PIT2, &timer))
  }

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
