/// CR0 to CR8, and what depends on them.
extension Core {
  func moveFromControl(_ i: Instruction) throws(Fault) {
    try requireSystem()
    if i.reg == 8 { return self[register: Int(i.rm)] = context.environment.interrupts.taskPriority }
    guard let field = controlField(i.reg) else { throw .undefined }
    self[register: Int(i.rm)] = is64Bit ? self[field] : self[field] & 0xFFFF_FFFF
  }

  func moveToControl(_ i: Instruction) throws(Fault) {
    try requireSystem()
    try writeControl(i.reg, is64Bit ? self[register: Int(i.rm)] : self[register: Int(i.rm)] & 0xFFFF_FFFF)
    leave(to: i.next)
  }

  func clearTaskSwitched() throws(Fault) {
    try requireSystem()
    self[.cr0] &= ~VectorControl.taskSwitched
    updateMode()
  }

  /// SMSW.
  func storeMachineStatus(_ i: Instruction) throws(Fault) {
    try requireTablePrivilege()
    try storeOperand(i, self[.cr0], i.isMemory ? 2 : i.width)
  }

  /// LMSW, which cannot leave protected mode.
  func loadMachineStatus(_ i: Instruction) throws(Fault) {
    try requireSystem()
    let value = UInt64(i.isMemory ? try readOperand(i, UInt16.self) : get(i.rm &* 8))
    try writeControl(0, self[.cr0] & ~0xE | value & 0xF)
    leave(to: i.next)
  }

  /// INVLPG.
  func invalidatePage(_ i: Instruction) throws(Fault) {
    try requireSystem()
    flushTranslation(of: i.segment == 6 ? effectiveAddress(i) : segmentBase(Int(i.segment)) &+ effectiveAddress(i))
    leave(to: i.next)
  }

  private func controlField(_ number: UInt8) -> Field? {
    switch number {
    case 0: .cr0
    case 2: .cr2
    case 3: .cr3
    case 4: .cr4
    default: nil
    }
  }

  /// The bits of CR4 that exist: TSD, DE, PSE, PAE, MCE, PGE, PCE, OSFXSR, OSXMMEXCPT, UMIP, FSGSBASE, PCIDE, SMEP and SMAP,
  /// as CPUID tells; and OSXSAVE, which is there for AVX only, with PKE.
  private static let systemFeatures: UInt64 = 0x33_0FFC | (VectorStubs.shared.hasAVX2 ? VectorControl.xsave | pageKeys : 0)

  /// CR4.TSD, FSGSBASE and SMAP.
  static let timeStampDisable: UInt64 = 1 << 2
  static let segmentBaseInstructions: UInt64 = 1 << 16
  static let supervisorAccessPrevention: UInt64 = 1 << 21
  /// CR4.PCIDE.
  static let identifiers: UInt64 = 1 << 17

  /// INVPCID: an address or everything of one identifier, everything, or everything that is not global. Since no
  /// translation outlives a change of identifiers unless it is global, all are of the present one.
  func invalidate(_ i: Instruction) throws(Fault) {
    try requireSystem()
    let address = try linear(i, 16, write: false)
    let descriptor = try readPair(address)
    let kind = is64Bit ? self[register: Int(i.reg)] : self[register: Int(i.reg)] & 0xFFFF_FFFF
    guard kind <= 3, descriptor.low >> 12 == 0 else { throw .protection }
    if kind < 2, self[.cr4] & Self.identifiers == 0, descriptor.low != 0 { throw .protection }
    switch kind {
    case 0:
      guard Self.isCanonical(descriptor.high) else { throw .protection }
      flushTranslation(of: descriptor.high)
    case 2: flushTranslations()
    default: flushLocalTranslations()
    }
    leave(to: i.next)
  }

  func writeControl(_ number: UInt8, _ value: UInt64) throws(Fault) {
    switch number {
    case 0:
      guard value >> 32 == 0, value & 0x8000_0001 != 0x8000_0000, value & 0x6000_0000 != 0x2000_0000 else { throw .protection }
      // 64-bit code cannot leave its paging, nor begin it.
      if (value ^ self[.cr0]) & 1 << 31 != 0, isLong ? is64Bit : segmentAttributes(Segment.cs) & 1 << 13 != 0 && self[.efer] & 0x100 != 0 {
        throw .protection
      }
      if value & 1 << 31 == 0, self[.cr4] & Self.identifiers != 0 { throw .protection }
      let turningOn = value & ~self[.cr0] & 1 << 31 != 0
      if turningOn && self[.efer] & 0x100 != 0 {
        guard self[.cr4] & 0x20 != 0 else { throw .protection }
        self[.efer] |= 0x400
      } else if value & 1 << 31 == 0 { self[.efer] &= ~0x400 }
      let wasProtected = isProtected
      self[.cr0] = value | 0x10
      if wasProtected != isProtected { self[.mode] &= ~3 }
    case 2: return self[.cr2] = value
    case 3:
      // With process identifiers the highest bit says that translations may stay; they need not.
      let flag: UInt64 = self[.cr4] & Self.identifiers != 0 ? 1 << 63 : 0
      if isLong, (value & ~flag) >> Self.physicalBits != 0 { throw .protection }
      self[.cr3] = value & ~(1 << 63)
      return flushLocalTranslations()
    case 4:
      guard value & ~Self.systemFeatures == 0 else { throw .protection }
      if isLong && value & 0x20 == 0 { throw .protection }
      // Process identifiers are for long mode, and begin with number 0.
      if value & ~self[.cr4] & Self.identifiers != 0, !isLong || self[.cr3] & 0xFFF != 0 { throw .protection }
      self[.cr4] = value
    case 8:
      guard value < 16 else { throw .protection }
      context.environment.interrupts.taskPriority = value
      return
    default: throw .undefined
    }
    flushTranslations()
    updateMode()
  }
}
