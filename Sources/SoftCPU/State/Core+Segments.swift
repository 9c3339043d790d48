/// A code, data or system descriptor.
struct Descriptor {
  var low: UInt64
  var high: UInt64 = 0
  var base: UInt64 { low >> 16 & 0xFF_FFFF | low >> 32 & 0xFF00_0000 | high << 32 }
  var limit: UInt64 {
    let raw = low & 0xFFFF | low >> 32 & 0xF_0000
    return low >> 55 & 1 == 0 ? raw : raw << 12 | 0xFFF
  }
  /// Access rights as `SegmentState.attributes`.
  var attributes: UInt32 { UInt32(truncatingIfNeeded: low >> 40) & 0xF0FF }
  var rights: AccessRights { AccessRights(rawValue: attributes) }
  var type: UInt32 { attributes & 15 }
  var isSystem: Bool { attributes & 16 == 0 }
  var dpl: UInt8 { rights.level }
  var isPresent: Bool { rights.isPresent }
  var isCode: Bool { !isSystem && rights.isCode }
}

/// Segment registers by their place in the block.
enum Segment {
  static let es = 0, cs = 1, ss = 2, ds = 3, fs = 4, gs = 5, local = 7, task = 8, global = 9, interrupt = 10
}

extension Core {
  private func place(_ n: Int) -> Int { Self.segments &+ n &* 32 }
  @inline(__always) func segmentBase(_ n: Int) -> UInt64 { load(Self.segments &+ n &* 32) }
  func setSegmentBase(_ n: Int, _ base: UInt64) { store(base, at: place(n)) }
  func segmentLimit(_ n: Int) -> UInt64 { load(place(n) + 8) }
  func segmentAttributes(_ n: Int) -> UInt32 { load(place(n) + 16) }
  func segmentRights(_ n: Int) -> AccessRights { AccessRights(rawValue: segmentAttributes(n)) }
  func selector(_ n: Int) -> UInt16 { load(place(n) + 20) }
  func setSegment(_ n: Int, selector: UInt16, base: UInt64, limit: UInt64, attributes: UInt32) {
    if n == Segment.cs, base != segmentBase(n) || limit != segmentLimit(n) { self[.epoch] &+= 1 }
    store(base, at: place(n))
    store(limit, at: place(n) + 8)
    store(attributes, at: place(n) + 16)
    store(selector, at: place(n) + 20)
    if n <= Segment.ds { self[.mode] = self[.mode] & ~(Mode.flat | Mode.flatCode) | flatness }
  }
  func setSegment(_ n: Int, _ selector: UInt16, _ d: Descriptor) {
    setSegment(n, selector: selector, base: d.base, limit: d.limit, attributes: d.attributes)
  }
  func setNullSegment(_ n: Int, _ selector: UInt16, base: UInt64 = 0) {
    setSegment(n, selector: selector, base: base, limit: 0, attributes: AccessRights.unusable)
  }
  func setRealSegment(_ n: Int, _ selector: UInt16) {
    setSegment(n, selector: selector, base: UInt64(selector) << 4, limit: isProtected ? 0xFFFF : segmentLimit(n), attributes: isVirtual8086 ? 0xF3 : 0x93)
  }

  /// Recomputes what decoding and translation depend on after CS, SS, CR0, EFER or RFLAGS.VM changed.
  func updateMode(cpl: UInt8? = nil) {
    let code = segmentRights(Segment.cs)
    let level: UInt8 = !isProtected ? 0 : isVirtual8086 ? 3 : cpl ?? self.cpl
    var mode = UInt64(level & 3)
    if isLong && code.isLong { mode |= Mode.long64 } else if code.isBig { mode |= Mode.code32 }
    // 64-bit code has one size of stack, whatever SS says.
    if segmentRights(Segment.ss).isBig, mode & Mode.long64 == 0 { mode |= Mode.stack32 }
    if self[.cr4] & CR4.fxsave != 0, self[.cr0] & (CR0.emulation | CR0.taskSwitched) == 0 {
      mode |= Mode.vectors
      if self[.xcr0] & 6 == 6, self[.cr4] & CR4.xsave != 0, isProtected, !isVirtual8086 { mode |= Mode.wideVectors }
    }
    self[.mode] = mode | flatness
    selectTranslations()
  }

  /// The mode's bits for flat segments. Accesses around 4 GiB may then wrap instead of fault (SDM 3A 5.3).
  private var flatness: UInt64 {
    guard isProtected, !is64Bit else { return 0 }
    let isWholeCode = segmentBase(Segment.cs) == 0 && segmentLimit(Segment.cs) == 0xFFFF_FFFF
    for n in [Segment.es, Segment.ss, Segment.ds] {
      // Usable, present, data, growing upwards, writable.
      guard segmentBase(n) == 0, segmentLimit(n) == 0xFFFF_FFFF, segmentAttributes(n) & 0x1_009E == 0x92 else { return isWholeCode ? Mode.flatCode : 0 }
    }
    return isWholeCode ? Mode.flat | Mode.flatCode : Mode.flat
  }

  /// The linear address of `offset` in a segment, checked against its limit and rights.
  @inline(__always) func linear(_ segment: UInt8, _ offset: UInt64, _ count: Int, write: Bool) throws(Fault) -> UInt64 {
    segment == 6 ? offset : try segmented(segment, offset, count, write: write)
  }

  @inline(never) private func segmented(_ segment: UInt8, _ offset: UInt64, _ count: Int, write: Bool) throws(Fault) -> UInt64 {
    let n = Int(segment)
    if is64Bit { return segmentBase(n) &+ offset }
    let rights = segmentRights(n)
    let fault: Fault = n == Segment.ss ? .stack(0) : .protection
    if isProtected && !isVirtual8086 {
      if rights.isUnusable || !rights.isPresent || !(write ? rights.isWritable : rights.isReadable) { throw fault }
    }
    let limit = segmentLimit(n)
    let last = offset &+ UInt64(count - 1)
    if rights.expandsDown {
      if offset <= limit || last > (rights.isBig ? 0xFFFF_FFFF : 0xFFFF) { throw fault }
    } else if last > limit { throw fault }
    return (segmentBase(n) &+ offset) & 0xFFFF_FFFF
  }

  /// Reads a descriptor with the rights of the system.
  func descriptor(_ selector: UInt16, wide: Bool = false) throws(Fault) -> Descriptor {
    let table = selector.isLocalSelector ? Segment.local : Segment.global
    let offset = selector.descriptorOffset
    guard offset &+ (wide ? 15 : 7) <= segmentLimit(table) else { throw .protection(selector) }
    let address = segmentBase(table) &+ offset
    return Descriptor(low: try readSystem(address), high: wide ? try readSystem(address &+ 8) & 0xFFFF_FFFF : 0)
  }

  func readSystem(_ address: UInt64) throws(Fault) -> UInt64 {
    if let p = unsafe host(systemTable(.read), address, 8) { return unsafe p.loadUnaligned(as: UInt64.self) }
    return try asSystem { () throws(Fault) in try readSlowly(address, 8) }
  }
  func writeSystem(_ address: UInt64, _ value: UInt64, _ count: Int = 8) throws(Fault) {
    if count == 8, let p = unsafe host(systemTable(.write), address, 8) { return unsafe p.storeBytes(of: value, as: UInt64.self) }
    try asSystem { () throws(Fault) in try writeSlowly(address, value, count) }
  }
  /// Accesses of the processor itself are supervisor's, whoever runs.
  func asSystem<R>(_ body: () throws(Fault) -> R) throws(Fault) -> R {
    let old = self[.inDelivery]
    self[.inDelivery] = 1
    defer { self[.inDelivery] = old }
    return try body()
  }

  /// MOV, POP or far load to a data or stack segment register.
  func loadSegment(_ n: Int, _ selector: UInt16) throws(Fault) {
    guard isProtected && !isVirtual8086 else { return setRealSegment(n, selector) }
    if selector.isNullSelector {
      if n == Segment.ss && (!is64Bit || cpl == 3 || selector.requestedLevel != cpl) { throw .protection }
      return setNullSegment(n, selector)
    }
    let d = try descriptor(selector)
    let rpl = selector.requestedLevel
    if n == Segment.ss {
      if rpl != cpl || d.isSystem || !d.rights.isWritable || d.dpl != cpl { throw .protection(selector) }
      if !d.isPresent { throw .stack(selector) }
    } else {
      if d.isSystem || !d.rights.isReadable { throw .protection(selector) }
      if !d.rights.isConforming && (rpl > d.dpl || cpl > d.dpl) { throw .protection(selector) }
      if !d.isPresent { throw .notPresent(selector) }
    }
    setSegment(n, selector, try accessed(selector, d))
    if n == Segment.ss { updateMode() }
  }

  /// Sets the accessed bit of a code or data descriptor, here and in its table, before it is loaded.
  func accessed(_ selector: UInt16, _ d: Descriptor) throws(Fault) -> Descriptor {
    var d = d
    guard d.low >> 40 & 1 == 0 else { return d }
    d.low |= 1 << 40
    let table = selector.isLocalSelector ? Segment.local : Segment.global
    try writeSystem(segmentBase(table) &+ selector.descriptorOffset &+ 5, d.low >> 40 & 0xFF, 1)
    return d
  }

  /// Sets RIP, and ends the block: what decoding depends on may have changed.
  func leave(to target: UInt64) {
    self[.rip] = target
    self[.pending] = 1
  }
}
