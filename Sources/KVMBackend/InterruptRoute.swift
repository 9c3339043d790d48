internal import CLinux
internal import DeviceModel
internal import Primitives

/// What an interrupt line of KVM's does.
struct InterruptRoute: Equatable, Sendable {
  enum Chip: UInt32 { case firstPIC, secondPIC, ioAPIC }
  enum Target: Equatable {
    /// Drives a pin of a chip in the kernel.
    case pin(Chip, UInt32)
    /// Sends a message to local APICs.
    case message(MSIMessage)
  }

  var line: UInt32
  var target: Target

  /// Of all chips in the kernel, as on a PC: line 0, the timer's, drives the I/O APIC's pin 2, as the MADT tells the
  /// guest. (KVM's own routes connect line n with pin n.)
  static var toKernelChips: [InterruptRoute] {
    let timerPin = UInt32(Platform.timerPin)
    var routes: [InterruptRoute] = []
    routes.reserveCapacity(38)
    // That pin of the first controller is where the second hangs.
    for line in UInt32(0)..<24 where line != timerPin {
      if line < 16 { routes.append(InterruptRoute(line: line, target: line < 8 ? .pin(.firstPIC, line) : .pin(.secondPIC, line - 8))) }
      routes.append(InterruptRoute(line: line, target: .pin(.ioAPIC, line == 0 ? timerPin : line)))
    }
    return routes
  }

  var entry: kvm_irq_routing_entry {
    var entry = kvm_irq_routing_entry()
    entry.gsi = line
    switch target {
    case .pin(let chip, let pin):
      entry.type = UInt32(KVM_IRQ_ROUTING_IRQCHIP)
      unsafe entry.u.irqchip = kvm_irq_routing_irqchip(irqchip: chip.rawValue, pin: pin)
    case .message(let message):
      entry.type = UInt32(KVM_IRQ_ROUTING_MSI)
      unsafe (entry.u.msi.address_lo, entry.u.msi.address_hi) = message.addressHalves
      unsafe entry.u.msi.data = message.data
    }
    return entry
  }
}
