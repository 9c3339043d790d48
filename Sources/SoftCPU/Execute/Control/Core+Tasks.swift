/// Task switches as the hardware does them, for 32-bit and 16-bit task segments (SDM 3A 7.3).
extension Core {
  enum TaskSwitch { case jump, call, interrupt, taskReturn }

  /// Saves this task, and goes on with another.
  /// - Parameter code: the error code that the new task finds on its stack.
  func switchTask(to selector: UInt16, _ kind: TaskSwitch, returnTo next: UInt64, code: UInt32? = nil) throws(Fault) {
    let isReturn = kind == .taskReturn
    guard !selector.isLocalSelector, !selector.isNullSelector, isInTable(selector) else { throw isReturn ? .invalidTask(selector) : .protection(selector) }
    let d = try descriptor(selector)
    // Available or, for a return, busy.
    guard d.isSystem, d.type & 5 == 1, (d.type & 2 != 0) == isReturn else { throw isReturn ? .invalidTask(selector) : .protection(selector) }
    guard d.isPresent else { throw .notPresent(selector) }
    let isWide = d.type & 8 != 0
    guard d.limit >= (isWide ? 0x67 : 0x2B) else { throw .invalidTask(selector) }

    // All that will be read or written is touched first: a page fault comes while the old task runs.
    try touchTask(segmentBase(.task), segmentAttributes(.task) & 8 != 0)
    try touchTask(d.base, isWide)
    let new = try TaskState(of: self, at: d.base, isWide)

    var oldFlags = flags
    if isReturn { oldFlags &= ~Flags.nt }
    let previous = self.selector(.task)
    if kind == .jump || isReturn { try setBusy(previous, false) }
    try TaskState.save(self, rip: next, flags: oldFlags)
    if kind == .call || kind == .interrupt { try writeSystem(d.base, UInt64(previous), 2) }
    if !isReturn { try setBusy(selector, true) }
    var busy = d
    busy.low |= 1 << 41
    setSegment(.task, selector, busy)
    self[.cr0] |= CR0.taskSwitched
    try enter(new, isWide, linked: kind == .call || kind == .interrupt)
    if let code { try push(UInt64(code), isWide ? 4 : 2) }
    self[.pending] = 1
  }

  private func touchTask(_ base: UInt64, _ isWide: Bool) throws(Fault) {
    try asSystem { () throws(Fault) in try probe(base, isWide ? 0x68 : 0x2C, write: true) }
  }

  private func setBusy(_ selector: UInt16, _ isBusy: Bool) throws(Fault) {
    guard !selector.isNullSelector, isInTable(selector) else { return }
    let address = segmentBase(.global) &+ selector.descriptorOffset
    let low = try readSystem(address)
    try writeSystem(address, isBusy ? low | 1 << 41 : low & ~(1 << 41))
  }

  /// Loads the new task's state. A fault from here on belongs to the new task.
  private func enter(_ new: TaskState, _ isWide: Bool, linked: Bool) throws(Fault) {
    if isWide && self[.cr0] & CR0.paging != 0 {
      self[.cr3] = new.cr3
      flushTranslations()
    }
    flags = new.flags & Flags.existing | (linked ? Flags.nt : 0)
    openInterrupts()
    for (number, value) in new.registers.enumerated() { self[register: number] = value }
    self[.rip] = new.rip
    for (segment, selector) in zip(Segment.named, new.segments) { setNullSegment(segment, selector) }
    if flags & Flags.vm != 0 {
      for (segment, selector) in zip(Segment.named, new.segments) { setVirtual8086Segment(segment, selector) }
      try loadLocalTable(new.local)
      return updateMode(cpl: 3)
    }
    let level = UInt8(new.selector(.cs) & 3)
    self[.mode] = self[.mode] & ~3 | UInt64(level)
    try loadLocalTable(new.local)
    try loadTaskCode(new.selector(.cs), level)
    let stack = try stackDescriptor(new.selector(.ss), level: level) { .invalidTask($0) }
    setSegment(.ss, new.selector(.ss), stack)
    updateMode(cpl: level)
    for segment in [Segment.es, .ds, .fs, .gs] {
      do throws(Fault) { try loadSegment(segment, new.selector(segment)) } catch {
        throw error.vector == 13 ? Fault(vector: 10, code: error.code) : error
      }
    }
    if self[.rip] > segmentLimit(.cs) { throw .protection }
  }

  private func loadLocalTable(_ selector: UInt16) throws(Fault) {
    setNullSegment(.local, selector)
    if selector.isNullSelector { return }
    guard !selector.isLocalSelector, isInTable(selector) else { throw .invalidTask(selector) }
    let d = try descriptor(selector)
    guard d.isSystem, d.type == 2, d.isPresent else { throw .invalidTask(selector) }
    setSegment(.local, selector, d)
  }

  private func loadTaskCode(_ selector: UInt16, _ level: UInt8) throws(Fault) {
    guard !selector.isNullSelector, isInTable(selector) else { throw .invalidTask(selector) }
    let d = try descriptor(selector)
    guard !d.isSystem, d.isCode, d.rights.isConforming ? d.dpl <= level : d.dpl == level else { throw .invalidTask(selector) }
    guard d.isPresent else { throw .notPresent(selector) }
    setSegment(.cs, selector, try accessed(selector, d))
  }
}

/// The dynamic part of a task segment.
struct TaskState {
  var cr3: UInt64 = 0
  var rip: UInt64
  var flags: UInt64
  /// EAX ECX EDX EBX ESP EBP ESI EDI.
  var registers: [UInt64] = []
  /// Selectors of `Segment.named`.
  var segments: [UInt16] = []
  var local: UInt16

  func selector(_ segment: Segment) -> UInt16 { segments[Int(segment.rawValue)] }

  init(of core: Core, at base: UInt64, _ isWide: Bool) throws(Fault) {
    let size: UInt64 = isWide ? 4 : 2
    let mask: UInt64 = isWide ? 0xFFFF_FFFF : 0xFFFF
    // Offset 0x1C, or 0x0E, and up: CR3 (only in the wide form comes before), IP, flags, registers, segments, LDT.
    let first: UInt64 = isWide ? 0x20 : 0x0E
    func word(_ number: UInt64) throws(Fault) -> UInt64 { try core.readSystem(base &+ first &+ number * size) & mask }
    if isWide { cr3 = try core.readSystem(base &+ 0x1C) & mask }
    rip = try word(0)
    flags = try word(1)
    for n in UInt64(0)..<8 { registers.append(try word(2 + n) | (isWide ? 0 : 0xFFFF_0000)) }
    let count: UInt64 = isWide ? 6 : 4
    for n in 0..<count { segments.append(UInt16(truncatingIfNeeded: try word(10 + n))) }
    while segments.count < 6 { segments.append(0) }
    local = UInt16(truncatingIfNeeded: try word(10 + count))
  }

  /// Writes what changes into the present task's segment.
  static func save(_ core: Core, rip: UInt64, flags: UInt64) throws(Fault) {
    let base = core.segmentBase(.task)
    let isWide = core.segmentAttributes(.task) & 8 != 0
    let size = isWide ? 4 : 2
    var values = [rip, flags]
    for n in 0..<8 { values.append(core[register: n]) }
    for segment in Segment.named.prefix(isWide ? 6 : 4) { values.append(UInt64(core.selector(segment))) }
    for (number, value) in values.enumerated() {
      try core.writeSystem(base &+ (isWide ? 0x20 : 0x0E) &+ UInt64(number * size), value, size)
    }
  }
}
