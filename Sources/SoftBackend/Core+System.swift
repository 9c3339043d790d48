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
    case .translate:
      let offset = truncated(self[.rbx] &+ UInt64(load(0, as: UInt8.self)), i.addressWidth)
      store(try read(i.segment == 6 ? offset : linear(i.segment, offset, 1, write: false), UInt8.self), at: 0)
    case .pushSegment: try push(UInt64(selector(Int(i.opcode >> 3 & 7))), i.width)
    case .popSegment:
      let value = try peek(i.width)
      try loadSegment(Int(i.opcode >> 3 & 7), UInt16(truncatingIfNeeded: value))
      drop(UInt64(i.width))
      if i.opcode == 0x17 { self[.shadow] = i.next }
      leave(to: i.next)
    case .moveFromSegment:
      guard i.extension3 < 6 else { throw .undefined }
      try storeOperand(i, UInt64(selector(Int(i.extension3))), i.isMemory ? 2 : i.width)
    case .moveToSegment:
      guard i.extension3 < 6, i.extension3 != 1 else { throw .undefined }
      let value = i.isMemory ? try readOperand(i, UInt16.self) : get(i.rm &* 8)
      try loadSegment(Int(i.extension3), value)
      if i.extension3 == 2 { self[.shadow] = i.next }
      leave(to: i.next)
    case .pushFlags: try pushFlags(i)
    case .popFlags:
      try popFlags(i)
      openInterrupts()
      leave(to: i.next)
    case .enter: try enterFrame(i)
    case .leave: try leaveFrame(i)
    case .loop, .jcxz: loop(i)
    case .farJump: try enterCode(UInt16(truncatingIfNeeded: i.immediate >> 32), i.immediate & 0xFFFF_FFFF)
    case .farJumpMemory, .farCallMemory, .farCall: try farTransfer(i)
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
    case .moveFromDebug:
      try requireSystem()
      self[register: Int(i.rm)] = load(debugPlace(i.reg))
    case .moveToDebug:
      try requireSystem()
      store(self[register: Int(i.rm)], at: debugPlace(i.reg))
    case .clts:
      try requireSystem()
      self[.cr0] &= ~8
    case .smsw: try storeOperand(i, self[.cr0], i.isMemory ? 2 : i.width)
    case .lmsw:
      try requireSystem()
      let value = UInt64(i.isMemory ? try readOperand(i, UInt16.self) : get(i.rm &* 8))
      try writeControl(0, self[.cr0] & ~0xE | value & 0xF)
      leave(to: i.next)
    case .invlpg, .invpcid:
      try requireSystem()
      flushTranslations()
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

  private func debugPlace(_ number: UInt8) -> Int {
    let n = Int(number & 7)
    return n < 4 ? Field.dr0.rawValue + n * 8 : n & 1 == 0 ? Field.dr6.rawValue : Field.dr7.rawValue
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

  private func loop(_ i: Instruction) {
    var taken = true
    if i.operation == .loop {
      setRegister(1, self[.rcx] &- 1, i.addressWidth)
      taken = truncated(self[.rcx], i.addressWidth) != 0 && (i.opcode == 0xE2 || isZero == (i.opcode == 0xE1))
    } else { taken = truncated(self[.rcx], i.addressWidth) == 0 }
    leave(to: taken ? i.immediate : i.next)
  }

  private func farTransfer(_ i: Instruction) throws(Fault) {
    var target = i.immediate & 0xFFFF_FFFF
    var selector = UInt16(truncatingIfNeeded: i.immediate >> 32)
    if i.operation != .farCall {
      let address = try linear(i, Int(i.width) + 2, write: false)
      target = try i.width == 2 ? UInt64(read(address, UInt16.self)) : i.width == 4 ? UInt64(read(address, UInt32.self)) : read(address)
      selector = try read(address &+ UInt64(i.width))
    }
    if i.operation != .farJumpMemory {
      let old = self[.rsp]
      try push(UInt64(self.selector(Segment.cs)), i.width)
      do {
        try push(i.next, i.width)
        try enterCode(selector, target)
      } catch {
        self[.rsp] = old
        throw error
      }
    } else { try enterCode(selector, target) }
  }

  private func softwareInterrupt(_ i: Instruction) throws(Fault) {
    if i.operation == .into && !overflow { return }
    let vector: UInt8 =
      switch i.operation {
      case .interrupt3: 3
      case .interrupt1: 1
      case .into: 4
      default: UInt8(truncatingIfNeeded: i.immediate)
      }
    self[.rip] = i.next
    try interrupt(vector, code: nil, kind: .software)
    self[.pending] = 1
  }

  private func systemCall(_ i: Instruction) throws(Fault) {
    guard self[.efer] & 1 != 0, isProtected else { throw .undefined }
    guard isLong else { return try legacySystemCall(i) }
    let target = is64Bit ? self[.lstar] : self[.cstar]
    self[.rcx] = i.next
    self[.r11] = flags & ~Flags.rf
    let selector = UInt16(truncatingIfNeeded: self[.star] >> 32)
    flags = flags & ~(self[.sfmask] | Flags.rf)
    setSegment(Segment.cs, selector: selector & 0xFFFC, base: 0, limit: 0xFFFF_FFFF, attributes: 0xA09B)
    setSegment(Segment.ss, selector: (selector & 0xFFFC) &+ 8, base: 0, limit: 0xFFFF_FFFF, attributes: 0xC093)
    updateMode(cpl: 0)
    leave(to: target)
  }

  /// SYSCALL without long mode, as AMD's processors have it: only EIP and the segments change.
  private func legacySystemCall(_ i: Instruction) throws(Fault) {
    self[.rcx] = i.next
    self[.systemFlags] &= ~(Flags.interrupts | Flags.vm | Flags.rf)
    let selector = UInt16(truncatingIfNeeded: self[.star] >> 32) & 0xFFFC
    setFlatCode(selector, level: 0, wide: false)
    setFlatStack(selector &+ 8, level: 0)
    updateMode(cpl: 0)
    leave(to: self[.star] & 0xFFFF_FFFF)
  }

  private func systemReturn(_ i: Instruction) throws(Fault) {
    guard self[.efer] & 1 != 0 else { throw .undefined }
    try requireSystem()
    let selector = UInt16(truncatingIfNeeded: self[.star] >> 48)
    let wide = i.width == 8
    if wide && !Self.isCanonical(self[.rcx]) { throw .protection }
    flags = self[.r11] & 0x3C_7FD7
    setSegment(Segment.cs, selector: (selector &+ (wide ? 16 : 0)) | 3, base: 0, limit: 0xFFFF_FFFF, attributes: wide ? 0xA0FB : 0xC0FB)
    setSegment(Segment.ss, selector: (selector &+ 8) | 3, base: 0, limit: 0xFFFF_FFFF, attributes: 0xC0F3)
    updateMode(cpl: 3)
    openInterrupts()
    leave(to: wide ? self[.rcx] : self[.rcx] & 0xFFFF_FFFF)
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

  // MARK: Ports

  private func port(_ i: Instruction) -> UInt16 {
    i.opcode < 0xE8 ? UInt16(truncatingIfNeeded: i.immediate & 0xFF) : UInt16(truncatingIfNeeded: self[.rdx])
  }
  func checkPort(_ port: UInt16, _ count: Int) throws(Fault) {
    guard isProtected, UInt64(cpl) > self[.systemFlags] >> 12 & 3 || isVirtual8086 else { return }
    let task = segmentBase(Segment.task)
    let limit = segmentLimit(Segment.task)
    guard limit >= 0x67 else { throw .protection }
    let map = try readSystem(task &+ 0x66) & 0xFFFF &+ UInt64(port) / 8
    guard map &+ 1 <= limit else { throw .protection }
    let bits = try readSystem(task &+ map) >> UInt64(port & 7)
    if bits & (1 << UInt64(count) - 1) != 0 { throw .protection }
  }
  func portRead(_ port: UInt16, _ count: Int) throws(Fault) -> UInt64 {
    try checkPort(port, count)
    guard let width = AccessWidth(byteCount: count) else { return 0 }
    return processor.bus.read(width, from: Port(port))
  }
  func portWrite(_ port: UInt16, _ value: UInt64, _ count: Int) throws(Fault) {
    try checkPort(port, count)
    guard let width = AccessWidth(byteCount: count) else { return }
    processor.bus.write(value & width.mask, width, to: Port(port))
  }

  // MARK: Control registers and tables

  private func controlField(_ number: UInt8) -> Field? {
    switch number {
    case 0: .cr0
    case 2: .cr2
    case 3: .cr3
    case 4: .cr4
    default: nil
    }
  }

  private func writeControl(_ number: UInt8, _ value: UInt64) throws(Fault) {
    switch number {
    case 0:
      guard value >> 32 == 0, value & 0x8000_0001 != 0x8000_0000, value & 0x6000_0000 != 0x2000_0000 else { throw .protection }
      let turningOn = value & ~self[.cr0] & 1 << 31 != 0
      if turningOn && self[.efer] & 0x100 != 0 {
        guard self[.cr4] & 0x20 != 0 else { throw .protection }
        self[.efer] |= 0x400
      } else if value & 1 << 31 == 0 { self[.efer] &= ~0x400 }
      let wasProtected = isProtected
      self[.cr0] = value | 0x10
      if wasProtected != isProtected { self[.mode] &= ~3 }
    case 2: self[.cr2] = value
    case 3: self[.cr3] = value & ~(1 << 63)
    case 4:
      guard value & ~0x31_07FF == 0 else { throw .protection }
      self[.cr4] = value
    case 8:
      guard value < 16 else { throw .protection }
      processor.interrupts.taskPriority = value
      return
    default: throw .undefined
    }
    flushTranslations()
    updateMode()
  }

  private func descriptorTable(_ i: Instruction) throws(Fault) {
    guard i.isMemory else { throw .undefined }
    let table = i.extension3 & 1 == 0 ? Segment.global : Segment.interrupt
    let address = try linear(i, is64Bit ? 10 : 6, write: i.extension3 < 2)
    if i.extension3 < 2 {
      try write(address, UInt16(truncatingIfNeeded: segmentLimit(table)))
      if is64Bit { try write(address &+ 2, segmentBase(table)) } else { try write(address &+ 2, UInt32(truncatingIfNeeded: segmentBase(table))) }
      return
    }
    try requireSystem()
    let limit: UInt16 = try read(address)
    let base = is64Bit ? try read(address &+ 2) : UInt64(try read(address &+ 2, UInt32.self)) & (i.width == 2 ? 0xFF_FFFF : 0xFFFF_FFFF)
    setSegment(table, selector: 0, base: base, limit: UInt64(limit), attributes: 0)
  }

  private func segmentTable(_ i: Instruction) throws(Fault) {
    guard isProtected else { throw .undefined }
    let n = i.extension3 & 1 == 0 ? Segment.local : Segment.task
    if i.extension3 < 2 { return try storeOperand(i, UInt64(selector(n)), 2) }
    try requireSystem()
    let value = i.isMemory ? try readOperand(i, UInt16.self) : get(i.rm &* 8)
    if value & 0xFFFC == 0 {
      if n == Segment.task { throw .protection }
      return setSegment(n, selector: value, base: 0, limit: 0, attributes: 0x1_0000)
    }
    var d = try descriptor(value, wide: isLong)
    guard d.isSystem, n == Segment.local ? d.type == 2 : d.type & 5 == 1 else { throw .protection(value) }
    guard d.isPresent else { throw .notPresent(value) }
    if n == Segment.task {
      d.low |= 1 << 41
      try writeSystem(segmentBase(Segment.global) &+ UInt64(value & 0xFFF8), d.low)
    }
    setSegment(n, value, d)
  }

  private func segmentBaseRegister(_ i: Instruction) throws(Fault) {
    guard self[.cr4] & 1 << 16 != 0 else { throw .undefined }
    let n = i.extension3 & 1 == 0 ? Segment.fs : Segment.gs
    if i.extension3 < 2 { return setRegister(i.rm, segmentBase(n), i.width) }
    let value = i.width == 8 ? self[register: Int(i.rm)] : self[register: Int(i.rm)] & 0xFFFF_FFFF
    guard Self.isCanonical(value) else { throw .protection }
    setSegmentBase(n, value)
  }
}
