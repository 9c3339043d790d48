extension Core {
  @inline(__always) func segmentBase(_ segment: Segment) -> UInt64 { load(segment.place) }
  func setSegmentBase(_ segment: Segment, _ base: UInt64) { store(base, at: segment.place) }
  func segmentLimit(_ segment: Segment) -> UInt64 { load(segment.place + 8) }
  func segmentAttributes(_ segment: Segment) -> UInt32 { load(segment.place + 16) }
  func segmentRights(_ segment: Segment) -> AccessRights { AccessRights(rawValue: segmentAttributes(segment)) }
  func selector(_ segment: Segment) -> UInt16 { load(segment.place + 20) }
  func setSegment(_ segment: Segment, selector: UInt16, base: UInt64, limit: UInt64, attributes: UInt32) {
    if segment == .cs, base != segmentBase(.cs) || limit != segmentLimit(.cs) { self[.epoch] &+= 1 }
    store(base, at: segment.place)
    store(limit, at: segment.place + 8)
    store(attributes, at: segment.place + 16)
    store(selector, at: segment.place + 20)
    // Usable, present, data, growing upwards, writable.
    let isWhole = limit == 0xFFFF_FFFF && attributes & 0x1_009E == 0x92
    store(isWhole ? 1 : 0 as UInt16, at: segment.wholePlace)
    if segment.decidesFlatness { self[.mode] = self[.mode] & ~(Mode.flat | Mode.flatCode) | flatness(self[.mode]) }
  }
  func setSegment(_ segment: Segment, _ selector: UInt16, _ d: SegmentDescriptor) {
    setSegment(segment, selector: selector, base: d.base, limit: d.limit, attributes: d.attributes)
  }
  func setNullSegment(_ segment: Segment, _ selector: UInt16, base: UInt64 = 0) {
    setSegment(segment, selector: selector, base: base, limit: 0, attributes: AccessRights.unusable)
  }
  func setRealSegment(_ segment: Segment, _ selector: UInt16) {
    let limit = isProtected ? 0xFFFF : segmentLimit(segment)
    setSegment(segment, selector: selector, base: UInt64(selector) << 4, limit: limit, attributes: isVirtual8086 ? 0xF3 : 0x93)
  }

  /// Recomputes what decoding and translation depend on after CS, SS, CR0, EFER or RFLAGS.VM changed.
  func updateMode(cpl: UInt8? = nil) {
    let code = segmentRights(.cs)
    let level: UInt8 = !isProtected ? 0 : isVirtual8086 ? 3 : cpl ?? self.cpl
    var mode = UInt64(level & 3)
    if isLong && code.isLong { mode |= Mode.long64 } else if code.isBig { mode |= Mode.code32 }
    // 64-bit code has one size of stack, whatever SS says.
    if segmentRights(.ss).isBig, mode & Mode.long64 == 0 { mode |= Mode.stack32 }
    if self[.cr4] & CR4.fxsave != 0, self[.cr0] & (CR0.emulation | CR0.taskSwitched) == 0 {
      mode |= Mode.vectors
      if self[.xcr0] & 6 == 6, self[.cr4] & CR4.xsave != 0, isProtected, !isVirtual8086 { mode |= Mode.wideVectors }
    }
    self[.mode] = mode | flatness(mode)
    selectTranslations()
  }

  /// The mode's bits for flat segments. What lies over their end is found where an access leaves its page (`requireAccess`).
  private func flatness(_ mode: UInt64) -> UInt64 {
    guard isProtected, mode & Mode.long64 == 0 else { return 0 }
    let isWholeCode = segmentBase(.cs) == 0 && segmentLimit(.cs) == 0xFFFF_FFFF
    for data in [Segment.es, .ss, .ds] {
      let isWhole = segmentBase(data) == 0 && load(data.wholePlace, as: UInt16.self) != 0
      guard isWhole else { return isWholeCode ? Mode.flatCode : 0 }
    }
    return isWholeCode ? Mode.flat | Mode.flatCode : Mode.flat
  }

  /// The linear address of `offset` in a segment, checked against its limit and rights.
  @inline(__always) func linear(_ segment: Segment, _ offset: UInt64, _ count: Int, write: Bool) throws(Fault) -> UInt64 {
    segment == .flat ? offset : try segmented(segment, offset, count, write: write)
  }

  @inline(never) private func segmented(_ segment: Segment, _ offset: UInt64, _ count: Int, write: Bool) throws(Fault) -> UInt64 {
    if is64Bit { return segmentBase(segment) &+ offset }
    let rights = segmentRights(segment)
    let fault: Fault = segment == .ss ? .stack(0) : .protection
    if isProtected && !isVirtual8086 {
      if rights.isUnusable || !rights.isPresent || !(write ? rights.isWritable : rights.isReadable) { throw fault }
    }
    let limit = segmentLimit(segment)
    let last = offset &+ UInt64(count - 1)
    if rights.expandsDown {
      if offset <= limit || last > (rights.isBig ? 0xFFFF_FFFF : 0xFFFF) { throw fault }
    } else if last > limit { throw fault }
    return (segmentBase(segment) &+ offset) & 0xFFFF_FFFF
  }

  /// Reads a descriptor with the rights of the system.
  func descriptor(_ selector: UInt16, wide: Bool = false) throws(Fault) -> SegmentDescriptor {
    let table = selector.table
    let offset = selector.descriptorOffset
    guard offset &+ (wide ? 15 : 7) <= segmentLimit(table) else { throw .protection(selector) }
    let address = segmentBase(table) &+ offset
    return SegmentDescriptor(low: try readSystem(address), high: wide ? try readSystem(address &+ 8) & 0xFFFF_FFFF : 0)
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
  func loadSegment(_ segment: Segment, _ selector: UInt16) throws(Fault) {
    guard isProtected && !isVirtual8086 else { return setRealSegment(segment, selector) }
    if selector.isNullSelector {
      if segment == .ss && (!is64Bit || cpl == 3 || selector.requestedLevel != cpl) { throw .protection }
      return setNullSegment(segment, selector)
    }
    let d = try descriptor(selector)
    let rpl = selector.requestedLevel
    if segment == .ss {
      if rpl != cpl || d.isSystem || !d.rights.isWritable || d.dpl != cpl { throw .protection(selector) }
      if !d.isPresent { throw .stack(selector) }
    } else {
      if d.isSystem || !d.rights.isReadable { throw .protection(selector) }
      if !d.rights.isConforming && (rpl > d.dpl || cpl > d.dpl) { throw .protection(selector) }
      if !d.isPresent { throw .notPresent(selector) }
    }
    setSegment(segment, selector, try accessed(selector, d))
    if segment == .ss { updateMode() }
  }

  /// Sets the accessed bit of a code or data descriptor, here and in its table, before it is loaded.
  func accessed(_ selector: UInt16, _ d: SegmentDescriptor) throws(Fault) -> SegmentDescriptor {
    var d = d
    guard d.low >> 40 & 1 == 0 else { return d }
    d.low |= 1 << 40
    let table = selector.table
    try writeSystem(segmentBase(table) &+ selector.descriptorOffset &+ 5, d.low >> 40 & 0xFF, 1)
    return d
  }

  /// Sets RIP, and ends the block: what decoding depends on may have changed.
  func leave(to target: UInt64) {
    self[.rip] = target
    self[.pending] = 1
  }
}
