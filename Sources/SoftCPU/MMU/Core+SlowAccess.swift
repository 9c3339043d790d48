/// Accesses that missed the soft TLB: they are checked, walk the tables, cross pages, or go to the bus.
extension Core {
  private var dataAccess: PageAccess { cpl == 3 && self[.inDelivery] == 0 ? .user : [] }

  private var checksAlignment: Bool { self[.readTable] == UInt64(SoftTLB.checked) }

  /// The table in which translations for the present accesses are kept, even if they all take the slow path.
  private func keptTable(write: Bool) -> Int {
    if self[.inDelivery] != 0 { return systemTable(write ? .write : .read) }
    if checksAlignment { return SoftTLB.table(0, write ? .write : .read) }
    return Int(truncatingIfNeeded: write ? self[.writeTable] : self[.readTable])
  }

  /// The table for accesses of the processor itself, which SMAP keeps from user pages whatever AC says.
  func systemTable(_ use: SoftTLB.Use) -> Int { SoftTLB.table(self[.cr4] & CR4.accessPrevention != 0 ? 1 : 2, use) }

  /// The place on the host of what has just been probed for writing; nil if it is none of RAM's, or watched.
  func probedHost(_ address: UInt64, _ count: Int) -> UnsafeMutableRawPointer? {
    if let place = unsafe host(keptTable(write: true), address, count) { return unsafe place }
    guard Int(address & 0xFFF) + count <= 4096, !isWatched(address), let path = try? translate(address, dataAccess.union(.write)) else { return nil }
    return unsafe physicalHost(path.physical, write: true, count: count)
  }

  private func isWatched(_ address: UInt64) -> Bool {
    self[.watching] != 0 && (context.watches(page: address) || watches(page: address))
  }

  /// Faults for an address that is not canonical, or lies over the end of a flat segment, or is not aligned where user code
  /// wants that checked.
  private func requireAccess(_ address: UInt64, _ count: Int) throws(Fault) {
    let last = address &+ UInt64(count - 1)
    if isLong, !Self.isCanonical(address) || !Self.isCanonical(last) { throw .outOfReach(address) }
    if self[.mode] & Mode.flat != 0, self[.inDelivery] == 0, last > 0xFFFF_FFFF { throw .outOfReach(address) }
    if checksAlignment, self[.inDelivery] == 0, address & Self.alignment(of: count) != 0 { throw .alignment }
  }

  /// The low bits of an address that must be zero for so many bytes: vectors are aligned to 16 bytes, numbers of 10 to 8,
  /// the environments of x87 to their words.
  private static func alignment(of count: Int) -> UInt64 {
    if count.nonzeroBitCount == 1 { return UInt64(min(count, 16) - 1) }
    return count == 10 ? 7 : count % 4 == 0 ? 3 : 1
  }

  /// The physical address behind a data access within one page; fills the soft TLB where it is RAM.
  private func resolve(_ address: UInt64, write: Bool) throws(Fault) -> UInt64 {
    let path = try translate(address, write ? dataAccess.union(.write) : dataAccess)
    let page = path.physical & ~0xFFF
    // The page that this one replaces in the table is still known to be written.
    if write { context.closeWays() }
    // A watched page stays on the slow path, which looks at every access.
    // So does one with code that is written to: perhaps only to data beside the code.
    // And so does memory that is written elsewhere than it is read, as behind the firmware's copy.
    if !isWatched(address), !write || !hasCode(page), let host = unsafe physicalHost(page, write: write), unsafe !write || physicalHost(page, write: false) == host {
      fill(keptTable(write: write), address, UInt64(UInt(bitPattern: host)), path)
    }
    return path.physical
  }

  @inline(never) func readSlowly(_ address: UInt64, _ count: Int) throws(Fault) -> UInt64 {
    try requireAccess(address, count)
    return try readPiece(address, count)
  }

  /// Reads 1, 2, 4 or 8 bytes, of any alignment.
  func readPiece(_ address: UInt64, _ count: Int) throws(Fault) -> UInt64 {
    if self[.watching] != 0 { context.note(address, count, write: false) }
    let first = 4096 - Int(address & 0xFFF)
    guard count > first else { return readPhysical(try resolve(address, write: false), count) }
    let low = try resolve(address, write: false)
    let high = try resolve(wrapped(address &+ UInt64(first)), write: false)
    var value: UInt64 = 0
    for i in 0..<count {
      let place = i < first ? low &+ UInt64(i) : high &+ UInt64(i - first)
      value |= readPhysical(place, 1) << UInt64(8 * i)
    }
    return value
  }

  @inline(never) func writeSlowly(_ address: UInt64, _ value: UInt64, _ count: Int) throws(Fault) {
    try requireAccess(address, count)
    try writePiece(address, value, count)
  }

  /// Writes 1, 2, 4 or 8 bytes, of any alignment.
  func writePiece(_ address: UInt64, _ value: UInt64, _ count: Int) throws(Fault) {
    if self[.watching] != 0 { context.note(address, count, write: true) }
    let first = 4096 - Int(address & 0xFFF)
    guard count > first else { return writePhysical(try resolve(address, write: true), value, count) }
    let low = try resolve(address, write: true)
    let high = try resolve(wrapped(address &+ UInt64(first)), write: true)
    for i in 0..<count {
      let place = i < first ? low &+ UInt64(i) : high &+ UInt64(i - first)
      writePhysical(place, value >> UInt64(8 * i) & 0xFF, 1)
    }
  }

  private func wrapped(_ address: UInt64) -> UInt64 { isLong ? address : address & 0xFFFF_FFFF }

  /// Faults if `count` bytes could not be accessed.
  @inline(never) func probe(_ address: UInt64, _ count: Int, write: Bool) throws(Fault) {
    try requireAccess(address, count)
    try probePage(address, write: write)
    let last = wrapped(address &+ UInt64(count - 1))
    if last >> 12 != address >> 12 { try probePage(last & ~0xFFF, write: write) }
  }

  private func probePage(_ address: UInt64, write: Bool) throws(Fault) {
    let line = keptTable(write: write) &+ Int(truncatingIfNeeded: address >> 8 & SoftTLB.lineMask)
    if load(line, as: UInt64.self) != address & ~0xFFF { _ = try resolve(address, write: write) }
  }

  /// The physical address of code, through the execute table.
  @inline(__always) func codeAddress(_ address: UInt64) throws(Fault) -> UInt64 {
    let line = Int(truncatingIfNeeded: self[.executeTable]) &+ Int(truncatingIfNeeded: address >> 8 & SoftTLB.lineMask)
    if load(line, as: UInt64.self) == address & ~0xFFF { return address &+ load(line &+ 8, as: UInt64.self) }
    return try codeAddressSlowly(address)
  }

  @inline(never) private func codeAddressSlowly(_ address: UInt64) throws(Fault) -> UInt64 {
    if isLong, !Self.isCanonical(address) { throw .protection }
    let path = try translate(address, cpl == 3 ? [.user, .fetch] : .fetch)
    fill(Int(truncatingIfNeeded: self[.executeTable]), address, path.physical, path)
    return path.physical
  }
}
