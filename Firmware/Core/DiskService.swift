internal import Primitives

/// INT 13h: disks, by cylinders and by the sector numbers of the enhanced disk drive specification.
struct DiskService<H: Hardware> {
  let hardware: H
  let timer: Port?

  func serve(_ caller: Caller<H>, _ disks: inout Disks) {
    guard let disk = disks[caller.dl] else { return refuse(caller) }
    var changed = disk
    if caller.ah == 0x01 { return reportLast(caller) }
    switch caller.ah {
    case 0x00, 0x05, 0x09, 0x0C, 0x0D, 0x10, 0x11, 0x14, 0x47: finish(caller, 0)
    case 0x02: byCylinder(caller, &changed, .read)
    case 0x03: byCylinder(caller, &changed, .write)
    case 0x04: verifyByCylinder(caller, disk)
    case 0x08: describe(caller, disk, count: disks.count)
    case 0x15: tellKind(caller, disk)
    case 0x41: tellExtensions(caller)
    case 0x42: byPacket(caller, &changed, .read)
    case 0x43: byPacket(caller, &changed, .write)
    case 0x44: byPacket(caller, &changed, nil)
    case 0x48: describeExtended(caller, disk)
    default: finish(caller, 0x01)
    }
    disks[caller.dl] = changed
  }

  /// No such disk: diskette drives, of which there are none, and numbers behind the last disk.
  private func refuse(_ caller: Caller<H>) {
    switch caller.ah {
    case 0x08:
      caller.dx = 0
      caller.cx = 0
      finish(caller, 0x07)
    case 0x15:
      // Kind 0 is "there is no such drive", and no error.
      caller.ah = 0
      caller.carry = false
    default: finish(caller, 0x01)
    }
  }

  private func finish(_ caller: Caller<H>, _ status: UInt8) {
    hardware.put(status, at: BIOSData.diskStatus)
    caller.ah = status
    caller.carry = status != 0
  }

  private func reportLast(_ caller: Caller<H>) {
    caller.ah = hardware.byte(at: BIOSData.diskStatus)
    caller.carry = caller.ah != 0
  }

  // MARK: Transfers

  private func byCylinder(_ caller: Caller<H>, _ disk: inout VirtioDisk, _ direction: VirtioDisk.Direction) {
    let count = UInt32(caller.al)
    guard count > 0, count <= 128, let sector = DiskGeometry.sector(ch: caller.ch, cl: caller.cl, dh: caller.dh) else {
      return finish(caller, 0x01)
    }
    let buffer = caller.address(caller.es, caller.bx)
    let status = transfer(&disk, direction, count, sector, buffer)
    if status != 0 { caller.al = 0 }
    finish(caller, status)
  }

  private func verifyByCylinder(_ caller: Caller<H>, _ disk: VirtioDisk) {
    let sector = DiskGeometry.sector(ch: caller.ch, cl: caller.cl, dh: caller.dh)
    let isInside = sector.map { $0 <= disk.sectorCount && UInt64(caller.al) <= disk.sectorCount - $0 }
    finish(caller, isInside == true ? 0 : 0x04)
  }

  /// A disk address packet: size, count, buffer, sector, and a flat buffer address for who has no other.
  private func byPacket(_ caller: Caller<H>, _ disk: inout VirtioDisk, _ direction: VirtioDisk.Direction?) {
    let packet = caller.address(caller.ds, caller.si)
    let size = hardware.byte(at: packet)
    guard size >= 16 else { return finish(caller, 0x01) }
    let count = UInt32(hardware.word(at: packet + 2))
    let pointer = hardware.dword(at: packet + 4)
    let sector = hardware.qword(at: packet + 8)
    var buffer = caller.address(UInt16(truncatingIfNeeded: pointer >> 16), UInt16(truncatingIfNeeded: pointer))
    if pointer == 0xFFFF_FFFF, size >= 24 { buffer = GuestAddress(hardware.qword(at: packet + 16)) }
    let status: UInt8
    if let direction {
      status = transfer(&disk, direction, count, sector, buffer)
    } else {
      let isInside = sector <= disk.sectorCount && UInt64(count) <= disk.sectorCount - sector
      status = isInside ? 0 : VirtioDisk.Failure.outOfRange.rawValue
    }
    // How many sectors were done.
    if status != 0 { hardware.put(UInt16(0), at: packet + 2) }
    finish(caller, status)
  }

  private func transfer(
    _ disk: inout VirtioDisk, _ direction: VirtioDisk.Direction, _ count: UInt32, _ sector: UInt64,
    _ buffer: GuestAddress
  ) -> UInt8 {
    do throws(VirtioDisk.Failure) {
      try disk.transfer(direction, count, sector: sector, buffer, hardware, timer: timer)
      return 0
    } catch {
      return error.rawValue
    }
  }

  // MARK: Descriptions

  private func describe(_ caller: Caller<H>, _ disk: VirtioDisk, count: Int) {
    let last = DiskGeometry(sectorCount: disk.sectorCount).cylinders - 1
    caller.al = 0
    caller.bl = 0
    caller.ch = UInt8(truncatingIfNeeded: last)
    caller.cl = UInt8(truncatingIfNeeded: last >> 2 & 0xC0 | DiskGeometry.sectors)
    caller.dh = UInt8(truncatingIfNeeded: DiskGeometry.heads - 1)
    caller.dl = UInt8(truncatingIfNeeded: count)
    finish(caller, 0)
  }

  private func tellKind(_ caller: Caller<H>, _ disk: VirtioDisk) {
    let sectors = UInt32(truncatingIfNeeded: min(disk.sectorCount, UInt64(UInt32.max)))
    finish(caller, 0)
    caller.ah = 3
    caller.cx = UInt16(truncatingIfNeeded: sectors >> 16)
    caller.dx = UInt16(truncatingIfNeeded: sectors)
  }

  private func tellExtensions(_ caller: Caller<H>) {
    guard caller.bx == 0x55AA else { return finish(caller, 0x01) }
    finish(caller, 0)
    caller.bx = 0xAA55
    caller.ah = 0x30  // version 3.0
    caller.cx = 0x01  // packets, and no removable media
  }

  private func describeExtended(_ caller: Caller<H>, _ disk: VirtioDisk) {
    let result = caller.address(caller.ds, caller.si)
    let room = hardware.word(at: result)
    guard room >= 26 else { return finish(caller, 0x01) }
    hardware.put(UInt16(26), at: result)
    hardware.put(UInt16(0x02), at: result + 2)  // the geometry is valid
    hardware.put(DiskGeometry(sectorCount: disk.sectorCount).cylinders, at: result + 4)
    hardware.put(DiskGeometry.heads, at: result + 8)
    hardware.put(DiskGeometry.sectors, at: result + 12)
    hardware.put(disk.sectorCount, at: result + 16)
    hardware.put(UInt16(512), at: result + 24)
    if room >= 30 {
      hardware.put(UInt16(30), at: result)
      hardware.put(UInt32(0xFFFF_FFFF), at: result + 26)
    }
    finish(caller, 0)
  }
}
