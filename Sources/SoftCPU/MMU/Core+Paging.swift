internal import Primitives
internal import Synchronization

/// What an access wants, as the bits of a page fault's error code.
struct PageAccess: OptionSet {
  var rawValue: UInt32
  static let write = PageAccess(rawValue: 2)
  static let user = PageAccess(rawValue: 4)
  static let fetch = PageAccess(rawValue: 16)
  /// The page's key denies it.
  static let key = PageAccess(rawValue: 32)
}

/// Where a linear address leads: a physical address, and what the whole path allows.
struct Translation {
  var physical: UInt64
  var writable = true
  var user = true
  var executable = true
  var dirty = true
  /// The number of the page's key.
  var key: UInt64 = 0
  /// It outlives changes of CR3.
  var isGlobal = false
  /// The translation is one of many that a large page has.
  var isLarge = false
}

extension Core {
  /// Chooses the translation tables for the present privilege, AC and SMAP.
  func selectTranslations() {
    let smap = self[.cr4] & CR4.accessPrevention != 0 && self[.systemFlags] & Flags.ac == 0
    let set = cpl == 3 ? 0 : smap ? 1 : 2
    let checksAlignment = cpl == 3 && self[.systemFlags] & Flags.ac != 0 && self[.cr0] & CR0.alignmentMask != 0
    self[.mode] = self[.mode] & ~Mode.translations | UInt64(checksAlignment ? SoftTLB.sets : set) << Mode.translationsShift
    self[.readTable] = UInt64(checksAlignment ? SoftTLB.checked : SoftTLB.table(set, .read))
    self[.writeTable] = UInt64(checksAlignment ? SoftTLB.checked : SoftTLB.table(set, .write))
    self[.executeTable] = UInt64(SoftTLB.table(set, .execute))
  }

  // MARK: Walks

  /// Whether a 64-bit address is canonical for 48 bits.
  @inline(__always) static func isCanonical(_ address: UInt64) -> Bool {
    UInt64(bitPattern: Int64(bitPattern: address << 16) >> 16) == address
  }

  /// Translates for an access; faults, and sets accessed and dirty bits as the hardware does.
  @inline(never) func translate(_ address: UInt64, _ access: PageAccess) throws(Fault) -> Translation {
    guard self[.cr0] & CR0.paging != 0 else { return Translation(physical: address & 0xFFFF_FFFF) }
    var path = Translation(physical: 0)
    if self[.cr4] & CR4.addressExtensions == 0 {
      try walk32(address, access, &path)
    } else {
      try walk64(address, access, &path)
    }
    return path
  }

  private func pageFault(_ address: UInt64, _ access: PageAccess, present: Bool, reserved: Bool = false) -> Fault {
    var code = access.rawValue | (present ? 1 : 0) | (reserved ? 8 : 0)
    if self[.efer] & EFER.executeDisable == 0 && self[.cr4] & CR4.executionPrevention == 0 { code &= ~16 }
    return .page(address, code)
  }

  private func walk64(_ address: UInt64, _ access: PageAccess, _ path: inout Translation) throws(Fault) {
    let long = isLong
    var table = self[.cr3] & (long ? PageEntry.address : 0xFFFF_FFE0)
    var level = long ? 4 : 3
    path.writable = true
    while true {
      let shift = UInt64(12 + 9 * (level - 1))
      let place = table &+ (address >> shift & (level == 3 && !long ? 3 : 0x1FF)) &* 8
      let entry = readPhysical(place, 8)
      guard entry & PageEntry.present != 0 else { throw pageFault(address, access, present: false) }
      let isPointer = level == 3 && !long
      let isLarge = entry & PageEntry.large != 0 && level > 1 && !isPointer
      if entry & reservedBits(level, isLarge: isLarge, isPointer: isPointer) != 0 {
        throw pageFault(address, access, present: true, reserved: true)
      }
      if !isPointer {
        path.writable = path.writable && entry & PageEntry.writable != 0
        path.user = path.user && entry & PageEntry.user != 0
        path.executable = path.executable && entry & PageEntry.executeDisable == 0
      }
      if level == 1 || isLarge {
        path.key = long ? entry >> PageEntry.keyShift & 15 : 0
        try check(address, access, path)
        markUsed(place, entry, access, wide: true)
        path.dirty = entry & PageEntry.dirty != 0 || access.contains(.write)
        path.isGlobal = isGlobal(entry)
        path.isLarge = isLarge
        let offset = (UInt64(1) << shift) - 1
        path.physical = entry & PageEntry.address & ~offset | address & offset
        return
      }
      if !isPointer && entry & PageEntry.accessed == 0 { markUsed(place, entry, [], wide: true) }
      table = entry & PageEntry.address
      level -= 1
    }
  }

  private func isGlobal(_ entry: UInt64) -> Bool { entry & PageEntry.global != 0 && self[.cr4] & CR4.globalPages != 0 }

  /// How many bits a physical address has, as CPUID tells.
  static let physicalBits: UInt64 = 40

  /// Bits that must be zero in an entry: beyond the physical address, and where a large page has its offset.
  private func reservedBits(_ level: Int, isLarge: Bool, isPointer: Bool) -> UInt64 {
    let long = isLong
    var bits: UInt64 = (long ? PageEntry.address : 0x7FFF_FFFF_FFFF_F000) & .max << Self.physicalBits
    if isPointer { return bits | PageEntry.executeDisable | 0x1E6 }
    if self[.efer] & EFER.executeDisable == 0 { bits |= PageEntry.executeDisable }
    if level == 4 { bits |= PageEntry.large }
    if isLarge { bits |= level == 3 ? 0x3FFF_E000 : 0x1F_E000 }
    return bits
  }

  private func walk32(_ address: UInt64, _ access: PageAccess, _ path: inout Translation) throws(Fault) {
    let place = self[.cr3] & 0xFFFF_F000 &+ (address >> 22 & 0x3FF) &* 4
    let entry = readPhysical(place, 4)
    guard entry & PageEntry.present != 0 else { throw pageFault(address, access, present: false) }
    path.writable = entry & PageEntry.writable != 0
    path.user = entry & PageEntry.user != 0
    if entry & PageEntry.large != 0 && self[.cr4] & CR4.pageSizeExtensions != 0 {
      if entry & 1 << 21 != 0 { throw pageFault(address, access, present: true, reserved: true) }
      try check(address, access, path)
      markUsed(place, entry, access, wide: false)
      path.dirty = entry & PageEntry.dirty != 0 || access.contains(.write)
      path.isGlobal = isGlobal(entry)
      path.isLarge = true
      path.physical = entry & 0xFFC0_0000 | (entry >> 13 & 0xFF) << 32 | address & 0x3F_FFFF
      return
    }
    if entry & PageEntry.accessed == 0 { markUsed(place, entry, [], wide: false) }
    let leafPlace = entry & 0xFFFF_F000 &+ (address >> 12 & 0x3FF) &* 4
    let leaf = readPhysical(leafPlace, 4)
    guard leaf & PageEntry.present != 0 else { throw pageFault(address, access, present: false) }
    path.writable = path.writable && leaf & PageEntry.writable != 0
    path.user = path.user && leaf & PageEntry.user != 0
    try check(address, access, path)
    markUsed(leafPlace, leaf, access, wide: false)
    path.dirty = leaf & PageEntry.dirty != 0 || access.contains(.write)
    path.isGlobal = isGlobal(leaf)
    path.physical = leaf & 0xFFFF_F000 | address & 0xFFF
  }

  /// The rights of the whole path against the access (SDM 3A 4.6).
  private func check(_ address: UInt64, _ access: PageAccess, _ path: Translation) throws(Fault) {
    let isDeniedByKey = isDeniedByKey(access, path)
    let violation = pageFault(address, isDeniedByKey ? access.union(.key) : access, present: true)
    if isDeniedByKey || access.contains(.fetch) && !path.executable { throw violation }
    if access.contains(.user) {
      if !path.user || access.contains(.write) && !path.writable { throw violation }
      return
    }
    if access.contains(.write) && !path.writable && self[.cr0] & CR0.writeProtection != 0 { throw violation }
    guard path.user else { return }
    if access.contains(.fetch) {
      if self[.cr4] & CR4.executionPrevention != 0 { throw violation }
    } else if self[.cr4] & CR4.accessPrevention != 0 && (self[.systemFlags] & Flags.ac == 0 || self[.inDelivery] != 0) {
      throw violation
    }
  }

  /// Whether PKRU keeps data of a user page from whoever accesses it (SDM 3A 4.6.2).
  private func isDeniedByKey(_ access: PageAccess, _ path: Translation) -> Bool {
    guard self[.cr4] & CR4.pageKeys != 0, isLong, path.user, !access.contains(.fetch) else { return false }
    let rights = self[.pkru] >> (2 * path.key)
    let (deniesAccess, deniesWrites) = (rights & 1 != 0, rights & 2 != 0)
    let obeysWriteProtection = access.contains(.user) || self[.cr0] & CR0.writeProtection != 0
    return deniesAccess || deniesWrites && access.contains(.write) && obeysWriteProtection
  }

  /// Changes PKRU. Where code leads does not depend on it.
  func setPageKeys(_ value: UInt32) {
    guard self[.pkru] != UInt64(value) else { return }
    self[.pkru] = UInt64(value)
    flushTranslations(for: .read, .write)
  }

  /// Sets accessed, and dirty for a write, in one atomic step.
  private func markUsed(_ place: UInt64, _ entry: UInt64, _ access: PageAccess, wide: Bool) {
    let wanted: UInt64 = PageEntry.accessed | (access.contains(.write) ? PageEntry.dirty : 0)
    guard entry & wanted != wanted, let p = unsafe physicalHost(place, write: true, count: wide ? 8 : 4) else { return }
    _ = unsafe p.assumingMemoryBound(to: Atomic<UInt8>.self).pointee.bitwiseOr(UInt8(wanted), ordering: .relaxed)
  }
}
