internal import Primitives

/// INT 15h: memory and its map, A20, block moves, waiting.
struct SystemService<H: Hardware> {
  let hardware: H
  let map: MemoryMap<H>
  let timer: Port?

  /// "SMAP", from both sides.
  private static var signature: UInt32 { 0x534D_4150 }

  func serve(_ caller: Caller<H>) {
    caller.carry = false
    switch (caller.ah, caller.al) {
    case (0xE8, 0x20): tellEntry(caller)
    case (0xE8, 0x01): tellSizes(caller)
    case (0x88, _): caller.ax = UInt16(truncatingIfNeeded: min(sizeAboveOneMiB >> 10, 0xFC00))
    case (0x24, _): controlA20(caller)
    case (0x86, _): wait(caller)
    case (0x87, _): move(caller)
    // A key goes on unchanged.
    case (0x4F, _): caller.carry = true
    case (0xC0, _):
      caller.es = RealModeCode.segment
      caller.bx = hardware.realModeCode.systemConfiguration
      caller.ah = 0
    case (0xC1, _): caller.es = hardware.word(at: BIOSData.extendedSegment)
    default: caller.refuse()
    }
  }

  private var sizeAboveOneMiB: UInt64 { map.lowTop - min(map.lowTop, MemoryMap<H>.oneMiB) }

  private func tellEntry(_ caller: Caller<H>) {
    let index = Int(truncatingIfNeeded: caller.ebx)
    guard caller.edx == Self.signature, caller.ecx >= UInt32(MemoryMap<H>.entrySize), index >= 0, index < map.count else {
      return caller.refuse()
    }
    let size = UInt32(MemoryMap<H>.entrySize)
    hardware.copy(size, from: map.address(of: index), to: caller.address(caller.es, caller.di))
    caller.eax = Self.signature
    caller.ecx = size
    caller.ebx = index + 1 < map.count ? UInt32(truncatingIfNeeded: index + 1) : 0
  }

  /// KiB from 1 to 16 MiB, then blocks of 64 KiB.
  private func tellSizes(_ caller: Caller<H>) {
    let limit: UInt64 = 15 << 20
    let near = UInt16(truncatingIfNeeded: min(sizeAboveOneMiB, limit) >> 10)
    let far = UInt16(truncatingIfNeeded: min((sizeAboveOneMiB - min(sizeAboveOneMiB, limit)) >> 16, 0xFFFF))
    caller.ax = near
    caller.cx = near
    caller.bx = far
    caller.dx = far
  }

  /// The 21st address line is always there.
  private func controlA20(_ caller: Caller<H>) {
    switch caller.al {
    case 0x00, 0x01: caller.ah = 0
    case 0x02: caller.ax = 1
    case 0x03:
      caller.ah = 0
      caller.bx = 3  // by the keyboard controller and by port 92
    default: caller.refuse()
    }
  }

  private func wait(_ caller: Caller<H>) {
    let time = UInt64(caller.cx) << 16 | UInt64(caller.dx)
    var watch = Stopwatch(hardware, timer, microseconds: time)
    while !watch.isOver(hardware) { hardware.pause() }
  }

  /// Copies words between the segments that a table of descriptors at ES:SI describes.
  private func move(_ caller: Caller<H>) {
    let table = caller.address(caller.es, caller.si)
    let count = UInt32(caller.cx) * 2
    let (source, target) = (base(table + 0x10), base(table + 0x18))
    guard caller.cx <= 0x8000, UInt64(count) <= map.lowTop, source.value <= map.lowTop - UInt64(count),
      target.value <= map.lowTop - UInt64(count)
    else {
      caller.ah = 0x02
      return caller.carry = true
    }
    hardware.copy(count, from: source, to: target)
    caller.ah = 0
  }

  private func base(_ descriptor: GuestAddress) -> GuestAddress {
    let low = hardware.dword(at: descriptor + 2) & 0xFF_FFFF
    return GuestAddress(UInt64(low | UInt32(hardware.byte(at: descriptor + 7)) << 24))
  }
}
