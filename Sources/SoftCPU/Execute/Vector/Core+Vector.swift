/// MMX, SSE and AVX: the host executes each instruction on the places where the core has its operands.
extension Core {
  /// Calls host code, which may read and change its operands and what else of the core its instruction names.
  @inline(__always) @unsafe func callHost(
    _ code: UInt64, _ reg: UnsafeMutableRawPointer, _ rm: UnsafeMutableRawPointer, _ source: UnsafeMutableRawPointer
  ) {
    guard let code = unsafe UnsafeRawPointer(bitPattern: UInt(code)) else { return }
    unsafe unsafeBitCast(code, to: VectorStubs.Entry.self)(base, reg, rm, source)
  }

  /// The plain case: operands are vector and general registers, and memory.
  func executeHosted(_ i: Instruction) throws(Fault) {
    if i.prefixes.contains(.vex) { try requireAVX() } else { try requireSSE() }
    let reg = unsafe base + Int(i.destination) &* 8
    let source = unsafe base + VectorArea.vector(i.vvvv)
    guard i.isMemory else { return unsafe callHost(i.immediate, reg, base + Int(i.source) &* 8, source) }
    let size = Int(i.width)
    let writes = i.prefixes.contains(.writes)
    let address = try vectorAddress(i)
    if let p = unsafe writes ? writeHost(address, size) : readHost(address, size) {
      return unsafe callHost(i.immediate, reg, p, source)
    }
    if writes { try probe(address, size, write: true) } else { try read(address, size, to: VectorArea.operand) }
    unsafe callHost(i.immediate, reg, base + VectorArea.operand, source)
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
    let form = unsafe VectorForms.all.form(of: i.record.pointee)
    let traits = form.traits
    if i.prefixes.contains(.vex) {
      try requireAVX()
    } else if form.reg == .xmm || form.rm == .xmm || traits.contains(.float) {
      try requireSSE()
    }
    if form.usesMMX { try requireMMX() }
    let writes = traits.contains(.stores) && i.isMemory
    let size = Int(i.width)
    var address: UInt64 = 0
    if i.isMemory {
      address = try vectorAddress(i)
      if writes { try probe(address, size, write: true) } else { try read(address, size, to: VectorArea.operand) }
    }
    if form.reg == .mmx || form.rm == .mmx && !i.isMemory { useMMX() }
    let rm = i.isMemory ? VectorArea.operand : Int(i.source) &* 8
    if traits.contains(.float) {
      try callFloat(i, form, rm: rm)
    } else {
      unsafe callHost(i.immediate, base + Int(i.destination) &* 8, base + rm, base + VectorArea.vector(i.vvvv))
    }
    if writes { try write(address, size, from: VectorArea.operand) }
    if traits.contains(.flags) { arithmeticFlags = load(VectorArea.flags) }
  }

  /// Lets the host change a copy of the destination, which an exception that is not masked leaves alone.
  private func callFloat(_ i: Instruction, _ form: VectorForm, rm: Int) throws(Fault) {
    let stores = form.traits.contains(.stores)
    let reg = Int(i.destination) &* 8
    let target = stores ? rm : reg
    let hasUpper = i.prefixes.contains(.vex) && (stores ? form.rm : form.reg) != .general
    store(load(VectorArea.mxcsr, as: UInt32.self) & ~FloatControl.raised | FloatControl.masks, at: VectorArea.workControl)
    copyPair(target, VectorArea.trial)
    if hasUpper { copyPair(target &+ VectorArea.upper, VectorArea.trial &+ VectorArea.upper) }
    unsafe callHost(
      i.immediate, base + (stores ? reg : VectorArea.trial), base + (stores ? VectorArea.trial : rm),
      base + VectorArea.vector(i.vvvv))
    try commitExceptions()
    copyPair(VectorArea.trial, target)
    if hasUpper { copyPair(VectorArea.trial &+ VectorArea.upper, target &+ VectorArea.upper) }
  }

  /// The address of an operand in memory, aligned if it must be.
  @inline(__always) private func vectorAddress(_ i: Instruction) throws(Fault) -> UInt64 {
    let address = try linear(i, Int(i.width), write: i.prefixes.contains(.writes))
    if i.prefixes.contains(.aligned), address & UInt64(i.width &- 1) != 0 { throw .protection }
    return address
  }

  /// #UD or #NM when the system does not want SSE used (SDM 3A 13.1).
  @inline(__always) func requireSSE() throws(Fault) {
    guard self[.cr4] & CR4.fxsave != 0, self[.cr0] & CR0.emulation == 0 else { throw .undefined }
    guard self[.cr0] & CR0.taskSwitched == 0 else { throw .noCoprocessor }
  }
  /// AVX exists when the system has enabled its registers in XCR0 (SDM 1 14.8).
  @inline(__always) func requireAVX() throws(Fault) {
    guard self[.xcr0] & 6 == 6, self[.cr4] & CR4.xsave != 0, isProtected, !isVirtual8086 else { throw .undefined }
    guard self[.cr0] & CR0.taskSwitched == 0 else { throw .noCoprocessor }
  }
  /// The same as for SSE, for MMX, which also reports a pending x87 exception.
  func requireMMX() throws(Fault) {
    guard self[.cr0] & CR0.emulation == 0 else { throw .undefined }
    guard self[.cr0] & CR0.taskSwitched == 0 else { throw .noCoprocessor }
    try requireNoPendingX87()
  }

  /// Keeps the new sticky flags; #XM if one is not masked.
  private func commitExceptions() throws(Fault) {
    let raised = load(VectorArea.workControl, as: UInt32.self) & FloatControl.raised
    let control = load(VectorArea.mxcsr, as: UInt32.self)
    store(control | raised, at: VectorArea.mxcsr)
    guard raised & ~(control >> 7) == 0 else {
      throw self[.cr4] & CR4.simdExceptions != 0 ? .simd : .undefined
    }
  }

  /// An MMX instruction makes all x87 registers valid and the stack start at 0.
  func useMMX() {
    setStackTop(0)
    store(UInt8(0xFF), at: VectorArea.tags)
  }
  func emptyMMX() throws(Fault) {
    try requireMMX()
    setStackTop(0)
    store(UInt8(0), at: VectorArea.tags)
  }
}
