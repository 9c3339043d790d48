internal import Primitives
internal import SystemBus

extension Core {
  func requireSystem() throws(Fault) { if cpl != 0 { throw .protection } }

  /// Everything that is neither hot nor simple.
  @inline(never) func executeRare(_ i: Instruction) throws(Fault) {
    switch i.operation {
    case .setcc:
      let value: UInt8 = condition(i.opcode) ? 1 : 0
      if i.isMemory { try writeOperand(i, value) } else { set(i.destination, value) }
    case .byteSwap: byteSwap(i)
    case .compareExchangePair: try compareExchangePair(i)
    case .convert: convert(i)
    case .extend: extend(i)
    case .lahf: store(UInt8(truncatingIfNeeded: flags), at: 1)
    case .sahf: arithmeticFlags = arithmeticFlags & Flags.of | UInt64(load(1, as: UInt8.self)) & 0xD5
    case .flagControl: flagControl(i.opcode)
    case .crc32: try crc32(i)
    case .moveBE: try moveSwapped(i)
    case .andn, .lowestBit, .bextr, .bzhi, .pdep, .pext, .rorx, .mulx, .shiftx, .adcx, .adox: try bitField(i)
    case .translate:
      let offset = truncated(self[.rbx] &+ UInt64(load(0, as: UInt8.self)), i.addressWidth)
      store(try read(linear(i.segment, offset, 1, write: false), UInt8.self), at: 0)
    case .pushSegment: try push(UInt64(selector(Int(i.opcode >> 3 & 7))), i.width)
    case .popSegment:
      let value = try peek(i.width)
      // The old stack's size counts, even if POP SS changes it.
      let rest = stackPointer(without: UInt64(i.width))
      try loadSegment(Int(i.opcode >> 3 & 7), UInt16(truncatingIfNeeded: value))
      self[.rsp] = rest
      if i.opcode == 0x17 { holdTraps(until: i.next) }
      leave(to: i.next)
    case .moveFromSegment:
      guard i.extension3 < 6 else { throw .undefined }
      try storeOperand(i, UInt64(selector(Int(i.extension3))), i.isMemory ? 2 : i.width)
    case .moveToSegment:
      guard i.extension3 < 6, i.extension3 != 1 else { throw .undefined }
      let value = i.isMemory ? try readOperand(i, UInt16.self) : get(i.rm &* 8)
      try loadSegment(Int(i.extension3), value)
      if i.extension3 == 2 { holdTraps(until: i.next) }
      leave(to: i.next)
    case .pushFlags: try pushFlags(i)
    case .popFlags:
      try popFlags(i)
      openInterrupts()
      leave(to: i.next)
    case .enter: try enterFrame(i)
    case .leave: try leaveFrame(i)
    case .loop, .jcxz: try loop(i)
    case .farJump, .farJumpMemory, .farCallMemory, .farCall: try farTransfer(i)
    case .farReturn, .iret: try farReturn(i)
    case .softwareInterrupt, .interrupt3, .interrupt1, .into: try softwareInterrupt(i)
    case .syscall: try systemCall(i)
    case .sysret: try systemReturn(i)
    case .input: setRegister(0, try portRead(port(i), Int(min(i.width, 4))), min(i.width, 4))
    case .output:
      try portWrite(port(i), self[.rax], Int(min(i.width, 4)))
      // The device may have changed the memory map, or ended the machine.
      if self[.attention] != 0 { leave(to: i.next) }
    case .halt:
      try requireSystem()
      self[.halted] = 1
      raise(.halt)
      leave(to: i.next)
    case .cli, .sti: try interruptFlag(i)
    case .clac, .stac:
      try requireSystem()
      self[.systemFlags] = i.operation == .stac ? self[.systemFlags] | Flags.ac : self[.systemFlags] & ~Flags.ac
      selectTranslations()
    case .cpuid: cpuid()
    case .rdtsc, .rdtscp:
      if self[.cr4] & 4 != 0 { try requireSystem() }
      let now = processor.timeStamp
      (self[.rax], self[.rdx]) = (now & 0xFFFF_FFFF, now >> 32)
      if i.operation == .rdtscp { self[.rcx] = self[.tscAux] & 0xFFFF_FFFF }
    case .rdmsr:
      try requireSystem()
      let value = try readMSR(UInt32(truncatingIfNeeded: self[.rcx]))
      (self[.rax], self[.rdx]) = (value & 0xFFFF_FFFF, value >> 32)
    case .wrmsr:
      try requireSystem()
      try writeMSR(UInt32(truncatingIfNeeded: self[.rcx]), self[.rdx] << 32 | self[.rax] & 0xFFFF_FFFF)
      leave(to: i.next)
    case .swapgs:
      try requireSystem()
      let base = segmentBase(Segment.gs)
      setSegmentBase(Segment.gs, self[.kernelGSBase])
      self[.kernelGSBase] = base
    case .fsgsbase: try segmentBaseRegister(i)
    case .moveFromControl:
      try requireSystem()
      if i.reg == 8 { return self[register: Int(i.rm)] = processor.interrupts.taskPriority }
      guard let field = controlField(i.reg) else { throw .undefined }
      self[register: Int(i.rm)] = is64Bit ? self[field] : self[field] & 0xFFFF_FFFF
    case .moveToControl:
      try requireSystem()
      try writeControl(i.reg, is64Bit ? self[register: Int(i.rm)] : self[register: Int(i.rm)] & 0xFFFF_FFFF)
      leave(to: i.next)
    case .moveFromDebug: try moveFromDebug(i)
    case .moveToDebug: try moveToDebug(i)
    case .clts:
      try requireSystem()
      self[.cr0] &= ~8
      updateMode()
    case .smsw:
      try requireTablePrivilege()
      try storeOperand(i, self[.cr0], i.isMemory ? 2 : i.width)
    case .lmsw:
      try requireSystem()
      let value = UInt64(i.isMemory ? try readOperand(i, UInt16.self) : get(i.rm &* 8))
      try writeControl(0, self[.cr0] & ~0xE | value & 0xF)
      leave(to: i.next)
    case .invlpg:
      try requireSystem()
      flushTranslation(of: i.segment == 6 ? effectiveAddress(i) : segmentBase(Int(i.segment)) &+ effectiveAddress(i))
      leave(to: i.next)
    case .invpcid:
      try requireSystem()
      try invalidate(i)
      leave(to: i.next)
    case .wbinvd: try requireSystem()
    case .xgetbv:
      let value = try readXCR(UInt32(truncatingIfNeeded: self[.rcx]))
      (self[.rax], self[.rdx]) = (value & 0xFFFF_FFFF, value >> 32)
    case .xsetbv: try writeXCR(UInt32(truncatingIfNeeded: self[.rcx]), self[.rdx] << 32 | self[.rax] & 0xFFFF_FFFF)
    case .descriptorTable: try descriptorTable(i)
    case .segmentTable: try segmentTable(i)
    default: try executeLegacy(i)
    }
  }

  /// MOV SS and POP SS: neither interrupts nor traps before the next instruction is over.
  private func holdTraps(until next: UInt64) {
    self[.shadow] = next
    self[.trapShadow] = next
  }

  private func flagControl(_ opcode: UInt8) {
    switch opcode {
    case 0xF5: arithmeticFlags ^= 1
    case 0xF8: arithmeticFlags &= ~1
    case 0xF9: arithmeticFlags |= 1
    case 0xFC: self[.systemFlags] &= ~Flags.df
    default: self[.systemFlags] |= Flags.df
    }
  }

  private func softwareInterrupt(_ i: Instruction) throws(Fault) {
    if i.operation == .into && !overflow { return }
    if i.operation == .interrupt1 { return try debugInterrupt(i) }
    let vector: UInt8 =
      switch i.operation {
      case .interrupt3: 3
      case .into: 4
      default: UInt8(truncatingIfNeeded: i.immediate)
      }
    let needsRights = i.operation == .softwareInterrupt && isVirtual8086
    if needsRights && self[.systemFlags] & Flags.iopl != Flags.iopl { throw .protection }
    self[.rip] = i.next
    try interrupt(vector, code: nil, kind: .software)
    self[.pending] = 1
  }

  /// ICEBP: #DB by no software interrupt, so that any privilege level may; what waited for its end is told with it.
  private func debugInterrupt(_ i: Instruction) throws(Fault) {
    self[.rip] = i.next
    let reasons = self[.debugReasons]
    try interrupt(1, code: nil, kind: .external)
    self[.dr7] &= ~DebugControl.guarded
    if reasons != 0 { recordDebugReasons(reasons) }
    self[.pending] = 1
  }

  private func interruptFlag(_ i: Instruction) throws(Fault) {
    if isProtected && UInt64(cpl) > self[.systemFlags] >> 12 & 3 { throw .protection }
    if i.operation == .cli {
      self[.systemFlags] &= ~Flags.interrupts
    } else if self[.systemFlags] & Flags.interrupts == 0 {
      self[.systemFlags] |= Flags.interrupts
      self[.shadow] = i.next
      openInterrupts()
      leave(to: i.next)
    }
  }
}
