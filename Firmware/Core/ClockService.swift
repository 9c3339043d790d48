internal import Primitives

/// INT 1Ah: ticks since midnight, the calendar, and PCI for programs in real mode.
struct ClockService<H: Hardware> {
  let hardware: H
  /// The index port of the real-time clock.
  let clock: Port?

  func serve(_ caller: Caller<H>) {
    switch caller.ah {
    case 0x00:
      let ticks = hardware.dword(at: BIOSData.ticks)
      caller.al = hardware.byte(at: BIOSData.midnight)
      hardware.put(UInt8(0), at: BIOSData.midnight)
      caller.cx = UInt16(truncatingIfNeeded: ticks >> 16)
      caller.dx = UInt16(truncatingIfNeeded: ticks)
      caller.carry = false
    case 0x01:
      hardware.put(UInt32(caller.cx) << 16 | UInt32(caller.dx), at: BIOSData.ticks)
      hardware.put(UInt8(0), at: BIOSData.midnight)
      caller.carry = false
    case 0x02:
      caller.ch = read(4)
      caller.cl = read(2)
      caller.dh = read(0)
      caller.dl = 0
      caller.carry = clock == nil
    case 0x04:
      caller.ch = read(0x32)
      caller.cl = read(9)
      caller.dh = read(8)
      caller.dl = read(7)
      caller.carry = clock == nil
    case 0xB1: servePCI(caller)
    default: caller.refuse()
    }
  }

  private func read(_ register: UInt32) -> UInt8 {
    guard let clock else { return 0 }
    hardware.output(register, .byte, to: clock)
    return UInt8(truncatingIfNeeded: hardware.input(.byte, from: clock + 1))
  }

  /// Ticks since midnight from the clock's time of day, which is BCD.
  func ticksSinceMidnight() -> UInt32 {
    func number(_ register: UInt32) -> UInt32 {
      let value = read(register)
      return UInt32(value >> 4) * 10 + UInt32(value & 0xF)
    }
    let seconds = (number(4) * 60 + number(2)) * 60 + number(0)
    // 1 193 182 / 65 536 times a second.
    return UInt32(truncatingIfNeeded: UInt64(seconds) * 1_193_182 >> 16)
  }

  // MARK: PCI BIOS 2.1

  private func servePCI(_ caller: Caller<H>) {
    let bus = PCIBus(hardware: hardware)
    let register = UInt8(truncatingIfNeeded: caller.di)
    let isThere = caller.bh == 0
    finish(caller, 0)
    switch caller.al & 0x7F {
    case 0x01:
      caller.al = 1  // configuration mechanism 1
      caller.bx = 0x0210
      caller.cl = 0
      caller.edx = 0x2049_4350  // "PCI "
      caller.edi = 0
    case 0x02: find(caller, bus) { $0.device == caller.cx && $0.vendor == caller.dx }
    case 0x03: find(caller, bus) { bus.read(.dword, $0.number, 8) >> 8 == caller.ecx & 0xFF_FFFF }
    case 0x08: caller.cl = isThere ? UInt8(truncatingIfNeeded: bus.read(.byte, caller.bl, register)) : 0xFF
    case 0x09 where register & 1 == 0:
      caller.cx = isThere ? UInt16(truncatingIfNeeded: bus.read(.word, caller.bl, register)) : 0xFFFF
    case 0x0A where register & 3 == 0: caller.ecx = isThere ? bus.read(.dword, caller.bl, register) : 0xFFFF_FFFF
    case 0x0B: if isThere { bus.write(UInt32(caller.cl), .byte, caller.bl, register) }
    case 0x0C where register & 1 == 0: if isThere { bus.write(UInt32(caller.cx), .word, caller.bl, register) }
    case 0x0D where register & 3 == 0: if isThere { bus.write(caller.ecx, .dword, caller.bl, register) }
    case 0x09, 0x0A, 0x0C, 0x0D: finish(caller, 0x87)  // not aligned
    default: finish(caller, 0x81)  // no such function
    }
  }

  private func finish(_ caller: Caller<H>, _ status: UInt8) {
    caller.ah = status
    caller.carry = status != 0
  }

  /// The function number SI among those that are wanted.
  private func find(_ caller: Caller<H>, _ bus: PCIBus<H>, _ isWanted: (PCIBus<H>.Function) -> Bool) {
    var remaining = caller.si
    var found: UInt8?
    bus.scan { function in
      guard found == nil, isWanted(function) else { return }
      if remaining == 0 { found = function.number } else { remaining -= 1 }
    }
    guard let found else { return finish(caller, 0x86) }
    caller.bx = UInt16(found)
  }
}
