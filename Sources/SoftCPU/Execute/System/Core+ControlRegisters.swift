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
    self[.cr0] &= ~CR0.taskSwitched
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
    try writeControl(0, self[.cr0] & ~(CR0.machineStatus & ~CR0.protection) | value & CR0.machineStatus)
    leave(to: i.next)
  }

  /// INVLPG.
  func invalidatePage(_ i: Instruction) throws(Fault) {
    try requireSystem()
    flushTranslation(of: segmentBase(i.segment) &+ effectiveAddress(i))
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

  /// The bits of CR4 that exist, as CPUID tells. XSAVE is there for AVX only.
  private static let systemFeatures: UInt64 =
    CR4.timeStampDisabled | CR4.debugExtensions | CR4.pageSizeExtensions | CR4.addressExtensions | CR4.machineChecks | CR4.globalPages
    | CR4.counters | CR4.fxsave | CR4.simdExceptions | CR4.tableGuard | CR4.segmentBases | CR4.identifiers | CR4.executionPrevention
    | CR4.accessPrevention | (VectorStubs.shared.hasAVX2 ? CR4.xsave | CR4.pageKeys : 0)

  /// INVPCID: an address or everything of one identifier, everything, or everything that is not global. Since no
  /// translation outlives a change of identifiers unless it is global, all are of the present one.
  func invalidate(_ i: Instruction) throws(Fault) {
    try requireSystem()
    let address = try linear(i, 16, write: false)
    let descriptor = try readPair(address)
    let kind = is64Bit ? self[register: Int(i.reg)] : self[register: Int(i.reg)] & 0xFFFF_FFFF
    guard kind <= 3, descriptor.low >> 12 == 0 else { throw .protection }
    if kind < 2, self[.cr4] & CR4.identifiers == 0, descriptor.low != 0 { throw .protection }
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
      let (paged, cached) = (CR0.paging | CR0.protection, CR0.cacheDisabled | CR0.notWriteThrough)
      guard value >> 32 == 0, value & paged != CR0.paging, value & cached != CR0.notWriteThrough else { throw .protection }
      // 64-bit code cannot leave its paging, nor begin it.
      if (value ^ self[.cr0]) & CR0.paging != 0, isLong ? is64Bit : segmentRights(.cs).isLong && self[.efer] & EFER.longMode != 0 {
        throw .protection
      }
      if value & CR0.paging == 0, self[.cr4] & CR4.identifiers != 0 { throw .protection }
      let turningOn = value & ~self[.cr0] & CR0.paging != 0
      if turningOn && self[.efer] & EFER.longMode != 0 {
        guard self[.cr4] & CR4.addressExtensions != 0 else { throw .protection }
        self[.efer] |= EFER.longModeActive
      } else if value & CR0.paging == 0 { self[.efer] &= ~EFER.longModeActive }
      let wasProtected = isProtected
      self[.cr0] = value | CR0.extensionType
      if wasProtected != isProtected { self[.mode] &= ~3 }
    case 2: return self[.cr2] = value
    case 3:
      // With process identifiers the highest bit says that translations may stay; they need not.
      let flag: UInt64 = self[.cr4] & CR4.identifiers != 0 ? 1 << 63 : 0
      if isLong, (value & ~flag) >> Self.physicalBits != 0 { throw .protection }
      self[.cr3] = value & ~(1 << 63)
      return flushLocalTranslations()
    case 4:
      guard value & ~Self.systemFeatures == 0 else { throw .protection }
      if isLong && value & CR4.addressExtensions == 0 { throw .protection }
      // Process identifiers are for long mode, and begin with number 0.
      if value & ~self[.cr4] & CR4.identifiers != 0, !isLong || self[.cr3] & 0xFFF != 0 { throw .protection }
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
