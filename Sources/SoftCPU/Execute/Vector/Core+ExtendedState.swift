/// FXSAVE, XSAVE and their relatives: the whole vector state to and from memory.
extension Core {
  func readXCR(_ number: UInt32) throws(Fault) -> UInt64 {
    guard self[.cr4] & CR4.xsave != 0 else { throw .undefined }
    switch number {
    case 0: return self[.xcr0]
    case 1: return self[.xcr0] & usedComponents
    default: throw .protection
    }
  }

  func writeXCR(_ number: UInt32, _ value: UInt64) throws(Fault) {
    guard self[.cr4] & CR4.xsave != 0 else { throw .undefined }
    guard cpl == 0, number == 0, value & ExtendedArea.x87 != 0, value & ~ExtendedArea.components == 0,
      value & (ExtendedArea.sse | ExtendedArea.avx) != ExtendedArea.avx
    else { throw .protection }
    self[.xcr0] = value
    // Code that was made while AVX was allowed may not be found any more.
    dropMappings()
    updateMode()
  }

  /// The components that may not be as they are after reset.
  private var usedComponents: UInt64 {
    let hasUpper = stride(from: 0, to: ExtendedArea.upperSize, by: 8).contains { load(Self.upperHalves &+ $0, as: UInt64.self) != 0 }
    return ExtendedArea.x87 | ExtendedArea.sse | (hasUpper ? ExtendedArea.avx : 0) | (self[.pkru] != 0 ? ExtendedArea.keys : 0)
  }

  /// The state after INIT: x87, SSE, AVX and PKRU as they come out of reset.
  func resetExtendedState() {
    clear(Self.vectorState, ExtendedArea.legacySize)
    clear(Self.upperHalves, ExtendedArea.upperSize)
    self[.pkru] = 0
    store(UInt16(0x40), at: VectorArea.control)
    store(UInt8(0xFF), at: VectorArea.tags)
    store(FloatControl.masks, at: VectorArea.mxcsr)
    store(FloatControl.masks, at: VectorArea.hostControl)
    self[.xcr0] = 1
  }

  /// MXCSR_MASK: without misaligned SSE, which CPUID does not offer, whatever the host has.
  private static let controlMask: UInt32 = 0xFFFF

  func loadControl(_ i: Instruction) throws(Fault) {
    let value = try readOperand(i, UInt32.self)
    guard value & ~Self.controlMask == 0 else { throw .protection }
    store(value, at: VectorArea.mxcsr)
  }
  func storeControl(_ i: Instruction) throws(Fault) {
    try writeOperand(i, load(VectorArea.mxcsr, as: UInt32.self))
  }

  private func requireLegacyImage(_ i: Instruction, write: Bool) throws(Fault) -> UInt64 {
    guard self[.cr0] & (CR0.emulation | CR0.taskSwitched) == 0 else { throw .noCoprocessor }
    let address = try linear(i, ExtendedArea.legacySize, write: write)
    guard address & 15 == 0 else { throw .protection }
    return address
  }

  /// How many bytes of the XMM registers, or of their upper halves, the present mode can reach.
  private var reachableXMM: Int { is64Bit ? 256 : 128 }

  func saveLegacy(_ i: Instruction) throws(Fault) {
    let address = try requireLegacyImage(i, write: true)
    try probe(address, ExtendedArea.legacySize, write: true)
    prepareX87(wide: i.prefixes.contains(.rexW))
    store(load(VectorArea.mxcsr, as: UInt32.self), at: VectorArea.image &+ 24)
    store(Self.controlMask, at: VectorArea.image &+ 28)
    copy(VectorArea.xmm, VectorArea.image &+ 160, reachableXMM)
    try write(address, 160 &+ reachableXMM, from: VectorArea.image)
  }

  func restoreLegacy(_ i: Instruction) throws(Fault) {
    let address = try requireLegacyImage(i, write: false)
    try read(address, 160 &+ reachableXMM, to: VectorArea.image)
    let control = load(VectorArea.image &+ 24, as: UInt32.self)
    if self[.cr4] & CR4.fxsave != 0, control & ~Self.controlMask != 0 { throw .protection }
    loadX87(wide: i.prefixes.contains(.rexW))
    store(control & 0xFFFF, at: VectorArea.mxcsr)
    copy(VectorArea.image &+ 160, VectorArea.xmm, reachableXMM)
  }

  /// The x87 half of an image in the form that REX.W chooses: 64-bit pointers, or selectors and offsets.
  private func prepareX87(wide: Bool) {
    copy(Self.vectorState, VectorArea.image, 160)
    if !wide {
      store(load(VectorArea.lastInstruction, as: UInt64.self) & 0xFFFF_FFFF, at: VectorArea.image &+ 8)
      store(load(VectorArea.lastOperand, as: UInt64.self) & 0xFFFF_FFFF, at: VectorArea.image &+ 16)
    }
  }

  private func loadX87(wide: Bool) {
    copy(VectorArea.image, Self.vectorState, 24)
    copy(VectorArea.image &+ 32, VectorArea.mmx, 128)
    if !wide {
      store(load(VectorArea.lastInstruction, as: UInt64.self) & 0xFFFF_FFFF, at: VectorArea.lastInstruction)
      store(load(VectorArea.lastOperand, as: UInt64.self) & 0xFFFF_FFFF, at: VectorArea.lastOperand)
    }
    cleanX87()
  }

  private func copy(_ source: Int, _ target: Int, _ count: Int) {
    unsafe (base + target).copyMemory(from: base + source, byteCount: count)
  }

  // MARK: XSAVE

  enum SaveKind { case plain, optimized, compacted }
  /// XCOMP_BV of a compacted area.
  private static let isCompacted: UInt64 = 1 << 63

  private func requireExtendedArea(_ i: Instruction, write: Bool) throws(Fault) -> UInt64 {
    guard self[.cr4] & CR4.xsave != 0 else { throw .undefined }
    guard self[.cr0] & CR0.taskSwitched == 0 else { throw .noCoprocessor }
    let address = try linear(i, ExtendedArea.standard.size(for: requestedComponents), write: write)
    guard address & 63 == 0 else { throw .protection }
    return address
  }

  /// The components an instruction is asked for: EDX:EAX and XCR0.
  private var requestedComponents: UInt64 {
    pair & self[.xcr0] & ExtendedArea.components
  }

  /// Registers that are as after reset are told to be so, and need not be written.
  func saveExtended(_ i: Instruction, _ kind: SaveKind) throws(Fault) {
    let address = try requireExtendedArea(i, write: true)
    let wanted = requestedComponents
    let used = wanted & usedComponents
    let area = kind == .compacted ? ExtendedArea(compactedFor: wanted) : .standard
    try probe(address, area.size(for: wanted), write: true)
    let header = address &+ UInt64(ExtendedArea.legacySize)
    let present: UInt64 = try read(header)
    if wanted & ExtendedArea.x87 != 0 {
      prepareX87(wide: i.prefixes.contains(.rexW))
      try write(address, 24, from: VectorArea.image)
      try write(address &+ 32, 128, from: VectorArea.mmx)
    }
    if wanted & ExtendedArea.sse != 0 || wanted & ExtendedArea.avx != 0 && kind != .compacted {
      try write(address &+ 24, load(VectorArea.mxcsr, as: UInt32.self))
      try write(address &+ 28, Self.controlMask)
    }
    if wanted & ExtendedArea.sse != 0 { try write(address &+ 160, reachableXMM, from: VectorArea.xmm) }
    let written = kind == .plain ? wanted : used
    if written & ExtendedArea.avx != 0 {
      try write(address &+ UInt64(ExtendedArea.upperOffset), reachableXMM, from: Self.upperHalves)
    }
    if written & ExtendedArea.keys != 0 { try write(address &+ UInt64(area.keysOffset), self[.pkru]) }
    try write(header, kind == .compacted ? used : present & ~wanted | used)
    if kind == .compacted { try write(header &+ 8, wanted | Self.isCompacted) }
  }

  func restoreExtended(_ i: Instruction) throws(Fault) {
    let address = try requireExtendedArea(i, write: false)
    let wanted = requestedComponents
    let header = address &+ UInt64(ExtendedArea.legacySize)
    let present: UInt64 = try read(header)
    let format: UInt64 = try read(header &+ 8)
    let isCompacted = format & Self.isCompacted != 0
    guard present & ~self[.xcr0] == 0, try read(header &+ 16, UInt64.self) == 0,
      isCompacted ? format & ~Self.isCompacted & ~self[.xcr0] == 0 && present & ~format == 0 : format == 0
    else { throw .protection }
    let area = isCompacted ? ExtendedArea(compactedFor: format) : .standard
    try probe(address, area.size(for: wanted & present), write: false)
    try read(address, 160 &+ reachableXMM, to: VectorArea.image)
    let takesControl = isCompacted ? wanted & present & ExtendedArea.sse != 0 : wanted & (ExtendedArea.sse | ExtendedArea.avx) != 0
    let control = load(VectorArea.image &+ 24, as: UInt32.self)
    if takesControl, control & ~Self.controlMask != 0 { throw .protection }
    let keys: UInt32 = wanted & present & ExtendedArea.keys != 0 ? try read(address &+ UInt64(area.keysOffset)) : 0
    if wanted & present & ExtendedArea.avx != 0 {
      try read(address &+ UInt64(ExtendedArea.upperOffset), reachableXMM, to: Self.upperHalves)
    } else if wanted & ExtendedArea.avx != 0 {
      clear(Self.upperHalves, reachableXMM)
    }
    if wanted & ExtendedArea.x87 != 0 {
      if present & ExtendedArea.x87 == 0 { makeInitialX87() }
      loadX87(wide: i.prefixes.contains(.rexW))
    }
    if takesControl { store(control, at: VectorArea.mxcsr) } else if wanted & ExtendedArea.sse != 0 { store(FloatControl.masks, at: VectorArea.mxcsr) }
    if wanted & present & ExtendedArea.sse != 0 {
      copy(VectorArea.image &+ 160, VectorArea.xmm, reachableXMM)
    } else if wanted & ExtendedArea.sse != 0 {
      clear(VectorArea.xmm, reachableXMM)
    }
    if wanted & ExtendedArea.keys != 0 { setPageKeys(keys) }
  }

  private func clear(_ place: Int, _ count: Int) {
    for offset in stride(from: 0, to: count, by: 8) { store(UInt64(0), at: place &+ offset) }
  }

  private func makeInitialX87() {
    for offset in stride(from: 0, to: 160, by: 8) where offset != 24 { store(UInt64(0), at: VectorArea.image &+ offset) }
    store(UInt16(0x37F), at: VectorArea.image)
  }
}
