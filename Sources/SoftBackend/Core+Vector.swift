internal import CLinux

/// MMX and SSE: the host executes each instruction on operands that were copied to a safe place.
extension Core {
  /// x87, MMX, SSE and XSAVE instructions: everything decoded as `.vector`.
  func executeVector(_ i: Instruction) throws(Fault) {
    guard !i.prefixes.contains(.vex), !i.prefixes.contains(.lock) else { throw .undefined }
    guard i.map != 0 else { return try executeX87(i) }
    if i.map == 1 && (i.opcode == 0xAE || i.opcode == 0xC7) { return try executeExtendedState(i) }
    if i.map == 1 && i.opcode == 0x77 { return try emptyMMX() }
    let prefix = vectorPrefix(i)
    if i.map == 1, try executeMove(i, prefix) { return }
    if i.map == 1 && i.opcode == 0xF7 { return try storeMasked(i, prefix) }
    guard i.map <= 3 else { throw .undefined }
    let form = vectorForm(VectorForms.index(map: i.map, prefix: prefix, opcode: i.opcode))
    guard form.exists else { throw .undefined }
    try executeForm(i, prefix, form)
  }

  @inline(__always) func vectorForm(_ index: Int) -> VectorForm {
    guard let forms = unsafe UnsafePointer<VectorForm>(bitPattern: UInt(self[.vectorForms])) else { return VectorForm() }
    return unsafe forms[index]
  }

  /// The host code for a key, made by `build` if nobody needed it before; nil if there is no executable memory.
  @inline(__always) @unsafe func hostCode(_ key: UInt32, _ build: () -> HostCode) -> VectorStubs.Entry? {
    guard let table = unsafe UnsafeMutablePointer<UInt64>(bitPattern: UInt(self[.stubTable])),
      let code = unsafe UnsafeMutableRawPointer(bitPattern: UInt(self[.stubCode])),
      let offset = unsafe VectorStubs.find(key, in: table) ?? VectorStubs.shared.make(key, build())
    else { return nil }
    return unsafe unsafeBitCast(code + offset, to: VectorStubs.Entry.self)
  }

  @inline(__always) func vectorPrefix(_ i: Instruction) -> VectorForms.Prefix {
    if i.prefixes.contains(.repeatNonzero) { return .repeatNonzero }
    if i.prefixes.contains(.repeatZero) { return .repeatZero }
    return i.prefixes.contains(.operandSize) ? .operandSize : .none
  }

  /// #UD or #NM when the system does not want SSE used (SDM 3A 13.1).
  @inline(__always) func requireSSE() throws(Fault) {
    guard self[.cr4] & VectorControl.fxsave != 0, self[.cr0] & VectorControl.emulation == 0 else { throw .undefined }
    guard self[.cr0] & VectorControl.taskSwitched == 0 else { throw .noCoprocessor }
  }
  /// The same for MMX, which also reports a pending x87 exception.
  func requireMMX() throws(Fault) {
    guard self[.cr0] & VectorControl.emulation == 0 else { throw .undefined }
    guard self[.cr0] & VectorControl.taskSwitched == 0 else { throw .noCoprocessor }
    try requireNoPendingX87()
  }

  private func place(_ operand: VectorForm.Operand, _ number: UInt8) -> Int {
    switch operand {
    case .none: VectorArea.operand
    case .general: Int(number & 15) &* 8
    case .mmx: VectorArea.mmx &+ Int(number & 7) &* 16
    case .xmm: VectorArea.xmm &+ Int(number & 15) &* 16
    }
  }

  private func executeForm(_ i: Instruction, _ prefix: VectorForms.Prefix, _ form: VectorForm) throws(Fault) {
    let traits = form.traits
    let memory = i.isMemory
    guard !traits.contains(memory ? .registerOnly : .memoryOnly) else { throw .undefined }
    if traits.contains(.extended), !Self.isShift(i.opcode, i.extension3, form.rm) { throw .undefined }
    let usesMMX = form.reg == .mmx || form.rm == .mmx && !memory
    if form.reg == .xmm || form.rm == .xmm || form.traits.contains(.float) { try requireSSE() }
    if form.reg == .mmx || form.rm == .mmx { try requireMMX() }
    let wide = i.prefixes.contains(.rexW)
    let size = traits.contains(.wideMemory) && wide ? 8 : Int(form.size)
    var address: UInt64 = 0
    if memory {
      address = try linear(i, size, write: traits.contains(.stores))
      if size == 16 && address & 15 != 0 && !traits.contains(.unaligned) { throw .protection }
      if traits.contains(.stores) {
        if unsafe writeHost(address, size) == nil { try probe(address, size, write: true) }
      } else {
        try read(address, size, to: VectorArea.operand)
      }
    }
    if usesMMX { useMMX() }
    let reg = place(form.reg, i.reg)
    let rm = memory ? VectorArea.operand : place(form.rm, i.rm)
    if traits.contains(.float) { store(load(VectorArea.mxcsr, as: UInt32.self) & ~0x3F | 0x1F80, at: VectorArea.workControl) }
    let stub = VectorStub(
      map: i.map, prefix: prefix, opcode: i.opcode, extended: i.extension3,
      immediate: UInt8(truncatingIfNeeded: i.immediate), wide: wide, memory: memory, form: form)
    guard let entry = unsafe hostCode(stub.key, { stub.code }) else { throw .undefined }
    unsafe entry(base, base + reg, base + rm)
    if traits.contains(.float) { try commitExceptions() }
    if traits.contains(.stores) && memory { try write(address, size, from: VectorArea.operand) }
    if traits.contains(.flags) { setArithmeticFlags(load(VectorArea.flags)) }
    commit(i, form, reg: reg, rm: rm, memory: memory)
  }

  private func commit(_ i: Instruction, _ form: VectorForm, reg: Int, rm: Int, memory: Bool) {
    let traits = form.traits
    if traits.contains(.readsOnly) || traits.contains(.stores) && memory { return }
    if traits.contains(.string) {
      if i.opcode & 1 != 0 {
        store(load(VectorArea.result, as: UInt64.self) & 0xFFFF_FFFF, at: Field.rcx.rawValue)
      } else {
        copyPair(VectorArea.result, VectorArea.xmm)
      }
      return
    }
    let target = traits.contains(.stores) ? rm : reg
    switch traits.contains(.stores) ? form.rm : form.reg {
    case .xmm: copyPair(VectorArea.result, target)
    case .mmx:
      store(load(VectorArea.result, as: UInt64.self), at: target)
      store(UInt16(0xFFFF), at: target &+ 8)
    case .general: store(load(VectorArea.result, as: UInt64.self), at: target)
    case .none: break
    }
  }

  @inline(__always) func copyPair(_ source: Int, _ target: Int) {
    let pair = load(source, as: SIMD2<UInt64>.self)
    store(pair, at: target)
  }

  /// Whether a shift by an immediate exists: SHIFT.W, .D and .Q by opcode, whole registers only for XMM.
  private static func isShift(_ opcode: UInt8, _ extended: UInt8, _ operand: VectorForm.Operand) -> Bool {
    switch extended {
    case 2, 6: true
    case 4: opcode != 0x73
    case 3, 7: opcode == 0x73 && operand == .xmm
    default: false
    }
  }

  /// Keeps the new sticky flags; #XM if one is not masked.
  private func commitExceptions() throws(Fault) {
    let raised = load(VectorArea.workControl, as: UInt32.self) & 0x3F
    guard raised != 0 else { return }
    let control = load(VectorArea.mxcsr, as: UInt32.self)
    store(control | raised, at: VectorArea.mxcsr)
    guard raised & ~(control >> 7) == 0 else {
      throw self[.cr4] & VectorControl.simdExceptions != 0 ? .simd : .undefined
    }
  }

  /// An MMX instruction makes all x87 registers valid and the stack start at 0.
  private func useMMX() {
    setStackTop(0)
    store(UInt8(0xFF), at: VectorArea.tags)
  }
  private func emptyMMX() throws(Fault) {
    try requireMMX()
    setStackTop(0)
    store(UInt8(0), at: VectorArea.tags)
  }

  /// MASKMOVQ and MASKMOVDQU: the bytes whose mask has its top bit set go to DS:RDI.
  private func storeMasked(_ i: Instruction, _ prefix: VectorForms.Prefix) throws(Fault) {
    guard !i.isMemory, prefix == .none || prefix == .operandSize else { throw .undefined }
    let wide = prefix == .operandSize
    if wide { try requireSSE() } else { try requireMMX() }
    if !wide { useMMX() }
    let source = place(wide ? .xmm : .mmx, i.reg)
    let mask = place(wide ? .xmm : .mmx, i.rm)
    let count = wide ? 16 : 8
    let offset = truncated(self[.rdi], i.addressWidth)
    let segment = i.segment == 6 && !is64Bit ? 3 : i.segment
    let address = segment == 6 ? offset : try linear(segment, offset, count, write: true)
    guard (0..<count).contains(where: { load(mask &+ $0, as: UInt8.self) & 0x80 != 0 }) else { return }
    try probe(address, count, write: true)
    for k in 0..<count where load(mask &+ k, as: UInt8.self) & 0x80 != 0 {
      try write(address &+ UInt64(k), load(source &+ k, as: UInt8.self))
    }
  }

  // MARK: Memory and flags

  /// Copies guest memory to a place in the block.
  func read(_ address: UInt64, _ count: Int, to place: Int) throws(Fault) {
    if let p = unsafe readHost(address, count) {
      unsafe (base + place).copyMemory(from: p, byteCount: count)
      return
    }
    try probe(address, count, write: false)
    var done = 0
    while done < count {
      let piece = Self.piece(count - done)
      let value = try readSlowly(address &+ UInt64(done), piece)
      for k in 0..<piece { store(UInt8(truncatingIfNeeded: value >> UInt64(8 * k)), at: place + done + k) }
      done += piece
    }
  }

  /// Copies a place in the block to guest memory, all of it or nothing.
  func write(_ address: UInt64, _ count: Int, from place: Int) throws(Fault) {
    if let p = unsafe writeHost(address, count) {
      unsafe p.copyMemory(from: base + place, byteCount: count)
      return
    }
    try probe(address, count, write: true)
    var done = 0
    while done < count {
      let piece = Self.piece(count - done)
      var value: UInt64 = 0
      for k in 0..<piece { value |= UInt64(load(place + done + k, as: UInt8.self)) << UInt64(8 * k) }
      try writeSlowly(address &+ UInt64(done), value, piece)
      done += piece
    }
  }

  /// The largest power of two, to 8, that is left to do.
  private static func piece(_ left: Int) -> Int { left >= 8 ? 8 : left >= 4 ? 4 : left >= 2 ? 2 : 1 }

  /// Takes the six arithmetic flags from an RFLAGS image.
  func setArithmeticFlags(_ flags: UInt64) {
    self[.zeroResult] = flags & Flags.zf != 0 ? 0 : 1
    self[.signResult] = (flags & Flags.sf) << 56 | (flags & Flags.pf != 0 ? 0 : 1)
    let carry = flags & Flags.cf
    self[.carries] = carry << 63 | (carry ^ flags >> 11 & 1) << 62
    self[.adjust] = flags & Flags.af
  }
}
