internal import CLinux
internal import Processor

/// Which pin of which chip each interrupt line drives: as on a PC, line 0, the timer's, drives the I/O APIC's pin 2,
/// as the MADT tells the guest. (KVM's own routes connect line n with pin n.)
struct InterruptRoutes {
  enum Chip: UInt32 { case firstPIC, secondPIC, ioAPIC }
  struct Route: Equatable {
    var line: UInt32
    var chip: Chip
    var pin: UInt32
  }

  static let timerPin: UInt32 = 2
  static var all: [Route] {
    // The second controller hangs on line 2 of the first.
    let first = (UInt32(0)..<8).filter { $0 != 2 }.map { Route(line: $0, chip: .firstPIC, pin: $0) }
    let second = (UInt32(8)..<16).map { Route(line: $0, chip: .secondPIC, pin: $0 - 8) }
    let apic = (UInt32(0)..<24).filter { $0 != timerPin }.map { Route(line: $0, chip: .ioAPIC, pin: $0 == 0 ? timerPin : $0) }
    return first + second + apic
  }
}

extension KVMBackend {
  func setInterruptRoutes() throws(ProcessorError) {
    // struct kvm_irq_routing ends in a flexible array: an 8-byte header, then the entries.
    let headerSize = 8
    let routes = InterruptRoutes.all
    let table = UnsafeMutableRawPointer.allocate(
      byteCount: headerSize + routes.count * MemoryLayout<kvm_irq_routing_entry>.stride, alignment: 8)
    defer { unsafe table.deallocate() }
    unsafe table.storeBytes(of: UInt64(routes.count), as: UInt64.self)
    let entries = unsafe (table + headerSize).bindMemory(to: kvm_irq_routing_entry.self, capacity: routes.count)
    for (n, route) in routes.enumerated() {
      var entry = kvm_irq_routing_entry()
      (entry.gsi, entry.type) = (route.line, UInt32(KVM_IRQ_ROUTING_IRQCHIP))
      unsafe entry.u.irqchip = kvm_irq_routing_irqchip(irqchip: route.chip.rawValue, pin: route.pin)
      unsafe entries[n] = entry
    }
    try check("KVM_SET_GSI_ROUTING", unsafe linux_ioctl_pointer(vm, linux_KVM_SET_GSI_ROUTING, table))
  }
}
