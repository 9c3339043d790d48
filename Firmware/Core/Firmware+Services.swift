package import Primitives

/// What programs in real mode ask for by interrupts.
extension Firmware {
  /// One interrupt, with the caller's registers in memory. True if the caller shall wait and ask again.
  package mutating func serve(_ frame: GuestAddress) -> Bool {
    let caller = Caller(hardware: hardware, frame: frame)
    switch caller.vector {
    case 0x10: VideoService(console: console).serve(caller, &screen)
    case 0x11: caller.ax = hardware.word(at: BIOSData.equipment)
    case 0x12: caller.ax = hardware.word(at: BIOSData.memorySize)
    case 0x13: DiskService(hardware: hardware, timer: facts.timer).serve(caller, &disks)
    // No modem status and no printer: both time out.
    case 0x14: caller.ah = 0x80
    case 0x15: SystemService(hardware: hardware, map: map, timer: facts.timer).serve(caller)
    case 0x16: return Keyboard(console: console).serve(caller, &keys)
    case 0x17: caller.ah = 0x01
    case 0x18: bootDisks()
    case 0x19:
      nextDisk = Disks.firstNumber
      bootDisks()
    case 0x1A: ClockService(hardware: hardware, clock: facts.clock).serve(caller)
    case 0x00: stopProgram(caller, "a division by zero")
    case 0x06: stopProgram(caller, "an instruction that the processor does not know")
    // The PIC's lines, and in the same places the processor's faults.
    case 0x08...0x0F, 0x70...0x77:
      if !InterruptControllers(hardware: hardware).dismiss(caller.vector) {
        stopProgram(caller, "a processor fault")
      } else if caller.vector == 0x09 {
        Keyboard(console: console).takeScanCode()
      }
    default: break
    }
    return false
  }

  /// A program that would fault again and again if it went on.
  private func stopProgram(_ caller: Caller<H>, _ reason: Text) {
    console.write("\nswboot firmware: the booted program stopped by ")
    console.write(reason)
    console.write(" at ")
    console.write(hex: UInt64(caller.cs), digits: 4)
    console.write(":")
    console.write(hex: UInt64(caller.ip), digits: 4)
    console.write("\n")
    stop(.fault)
  }
}
