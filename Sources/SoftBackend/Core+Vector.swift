/// MMX and SSE: the host executes each instruction on the places where the core has its operands.
extension Core {
  /// x87, XSAVE and what else has no host code of its own: everything decoded as `.vector`.
  func executeVector(_ i: Instruction) throws(Fault) {
    guard !i.prefixes.contains(.vex), !i.prefixes.contains(.lock) else { throw .undefined }
    switch (i.map, i.opcode) {
    case (0, _): try executeX87(i)
    case (1, 0x77): try emptyMMX()
    case (1, 0xF7): try storeMasked(i)
    default: try executeExtendedState(i)
    }
  }

  /// Calls host code, which may read and change its operands and what else of the core its instruction names.
  @inline(__always) @unsafe func callHost(_ code: UInt64, _ reg: UnsafeMutableRawPointer, _ rm: UnsafeMutableRawPointer) {
    guard let code = unsafe UnsafeRawPointer(bitPattern: UInt(code)) else { return }
    unsafe unsafeBitCast(code, to: VectorStubs.Entry.self)(base, reg, rm)
  }

  /// The plain case: operands are XMM and general registers, and memory.
  func executeHosted(_ i: Instruction) throws(Fault) {
    try requireSSE()
    let reg = unsafe base + Int(i.destination) &* 8
    guard i.isMemory else { return unsafe callHost(i.immediate, reg, base + Int(i.source) &* 8) }
    let size = Int(i.width)
    let writes = i.prefixes.contains(.writes)
    let address = try vectorAddress(i)
    if let p = unsafe writes ? writeHost(address, size) : readHost(address, size) { return unsafe callHost(i.immediate, reg, p) }
    if writes { try probe(address, size, write: true) } else { try read(address, size, to: VectorArea.operand) }
    unsafe callHost(i.immediate, reg, base + VectorArea.operand)
    if writes { try write(address, size, from: VectorArea.operand) }
  }

  /// With a floating-point instruction the host also tells which exceptions there were.
  func executeHostedFloat(_ i: Instruction) throws(Fault) {
    let control = load(VectorArea.mxcsr, as: UInt32.self)
    guard control & FloatControl.masks == FloatControl.masks else { return try executeHostedRarely(i) }
    store(control & ~FloatControl.raised, at: VectorArea.workControl)
    try executeHosted(i)
    store(control | load(VectorArea.workControl, as: UInt32.self), at: VectorArea.mxcsr)
  }

  /// With MMX registers, flags, or exceptions that are not masked.
  func executeHostedRarely(_ i: Instruction) throws(Fault) {
    let form = VectorForms.all[VectorForms.index(map: i.map, prefix: VectorForms.Prefix(i.prefixes), opcode: i.opcode)]
    let traits = form.traits
    if form.reg == .xmm || form.rm == .xmm || traits.contains(.float) { try requireSSE() }
    if form.usesMMX { try requireMMX() }
    let writes = traits.contains(.stores) && i.isMemory
    let size = Int(i.width)
    var address: UInt64 = 0
    if i.isMemory {
      address = try vectorAddress(i)
      if writes { try probe(address, size, write: true) } else { try read(address, size, to: VectorArea.operand) }
    }
    if form.reg == .mmx || form.rm == .mmx && !i.isMemory { useMMX() }
    let reg = Int(i.destination) &* 8
    let rm = i.isMemory ? VectorArea.operand : Int(i.source) &* 8
    if traits.contains(.float) {
      store(load(VectorArea.mxcsr, as: UInt32.self) & ~FloatControl.raised | FloatControl.masks, at: VectorArea.workControl)
      copyPair(reg, VectorArea.trial)
      unsafe callHost(i.immediate, base + VectorArea.trial, base + rm)
      try commitExceptions()
      copyPair(VectorArea.trial, reg)
    } else {
      unsafe callHost(i.immediate, base + reg, base + rm)
    }
    if writes { try write(address, size, from: VectorArea.operand) }
    if traits.contains(.flags) { setArithmeticFlags(load(VectorArea.flags)) }
  }

  /// The address of an operand in memory, aligned if it must be.
  @inline(__always) private func vectorAddress(_ i: Instruction) throws(Fault) -> UInt64 {
    let address = try linear(i, Int(i.width), write: i.prefixes.contains(.writes))
    if i.prefixes.contains(.aligned), address & UInt64(i.width &- 1) != 0 { throw .protection }
    return address
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

  @inline(__always) func copyPair(_ source: Int, _ target: Int) {
    let pair = load(source, as: SIMD2<UInt64>.self)
    store(pair, at: target)
  }

  /// Keeps the new sticky flags; #XM if one is not masked.
  private func commitExceptions() throws(Fault) {
    let raised = load(VectorArea.workControl, as: UInt32.self) & FloatControl.raised
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
  private func storeMasked(_ i: Instruction) throws(Fault) {
    let prefix = VectorForms.Prefix(i.prefixes)
    guard !i.isMemory, prefix == .none || prefix == .operandSize else { throw .undefined }
    let wide = prefix == .operandSize
    if wide { try requireSSE() } else { try requireMMX() }
    if !wide { useMMX() }
    let source = Int(VectorArea.word(wide ? .xmm : .mmx, i.reg)) &* 8
    let mask = Int(VectorArea.word(wide ? .xmm : .mmx, i.rm)) &* 8
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
