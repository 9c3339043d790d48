internal import Primitives

/// The machine's disks, in the order of their places on the PCI bus; BIOS numbers begin at 80h.
struct Disks {
  static var firstNumber: UInt8 { 0x80 }

  private var list = InlineArray<16, VirtioDisk?>(repeating: nil)
  private(set) var count = 0

  /// Gives all PCI functions their windows and interrupt lines, takes the disks over, and shows what else there is.
  mutating func find<H: Hardware>(
    _ hardware: H, memory: MemoryRange?, others: (PCIBus<H>, PCIBus<H>.Function) -> Void
  ) {
    guard let memory else { return }
    let bus = PCIBus(hardware: hardware)
    // Bridges, and with them whatever decodes memory by other registers, are left alone.
    var window = Arena(memory)
    bus.scan { function in
      bus.assign(function.number, from: &window)
      bus.connectInterrupts(function)
    }
    bus.scan { function in
      guard function.vendor == VirtioDisk.vendor, function.device == VirtioDisk.device,
        count < WorkArea.largestDiskCount
      else { return others(bus, function) }
      let queue = WorkArea.queues + count * WorkArea.queueSize
      guard let disk = VirtioDisk(hardware, bus, function.number, queue: queue) else { return }
      list[count] = disk
      count += 1
    }
  }

  /// The disk with a BIOS number.
  subscript(number: UInt8) -> VirtioDisk? {
    get {
      guard number >= Self.firstNumber, Int(number - Self.firstNumber) < count else { return nil }
      return list[Int(number - Self.firstNumber)]
    }
    set {
      guard number >= Self.firstNumber, Int(number - Self.firstNumber) < count else { return }
      list[Int(number - Self.firstNumber)] = newValue
    }
  }
}
