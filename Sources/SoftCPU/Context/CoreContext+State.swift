package import Processor

/// The registers that everybody needs, in and out, and how a processor begins.
extension CoreContext {
  /// INIT, and power-on: the first processor runs, others wait for a start-up message.
  func initialize() {
    load(.reset)
    core.resetExtendedState()
    core[.apicPage] = environment.interrupts.page
    core[.dr6] = DebugStatus.alwaysSet
    core[.dr7] = DebugControl.alwaysSet
    core.watchBreakpoints()
    core[.halted] = environment.index == 0 ? 0 : 1
    core[.inNonMaskable] = 0
  }

  package func state() -> ProcessorState {
    var s = ProcessorState.reset
    for n in 0..<16 { s.registers[n] = core[register: n] }
    func segment(_ n: Segment) -> SegmentState {
      SegmentState(selector: core.selector(n), base: core.segmentBase(n), limit: UInt32(truncatingIfNeeded: core.segmentLimit(n)), attributes: core.segmentAttributes(n))
    }
    func table(_ n: Segment) -> TableState { TableState(base: core.segmentBase(n), limit: UInt16(truncatingIfNeeded: core.segmentLimit(n))) }
    (s.rip, s.rflags) = (core[.rip], core.flags)
    (s.es, s.cs, s.ss) = (segment(.es), segment(.cs), segment(.ss))
    (s.ds, s.fs, s.gs) = (segment(.ds), segment(.fs), segment(.gs))
    (s.localTable, s.task) = (segment(.local), segment(.task))
    (s.globalTable, s.interruptTable) = (table(.global), table(.interrupt))
    (s.cr0, s.cr2, s.cr3, s.cr4) = (core[.cr0], core[.cr2], core[.cr3], core[.cr4])
    (s.cr8, s.efer) = (environment.interrupts.taskPriority, core[.efer])
    return s
  }

  /// The interpreter keeps RIP to itself until a block is over, but helpers of translated code begin a block at the instruction.
  package func stateInAccess() -> AccessState {
    var state = state()
    if let place = core.placeOfBlock { state.rip = place }
    return AccessState(state, isExact: core.isInHelper)
  }

  package func setState(_ s: ProcessorState) throws(ProcessorError) {
    guard s.registers.count == 16 else { throw ProcessorError("a processor has sixteen registers") }
    load(s)
  }

  private func load(_ s: ProcessorState) {
    for n in 0..<16 { core[register: n] = s.registers[n] }
    func set(_ n: Segment, _ v: SegmentState) {
      core.setSegment(n, selector: v.selector, base: v.base, limit: UInt64(v.limit), attributes: v.attributes)
    }
    for (n, v) in zip(Segment.named, [s.es, s.cs, s.ss, s.ds, s.fs, s.gs]) { set(n, v) }
    set(.flat, SegmentState(selector: 0, base: 0, limit: .max, attributes: 0xC093))
    set(.local, s.localTable)
    set(.task, s.task)
    for (n, t) in [(Segment.global, s.globalTable), (Segment.interrupt, s.interruptTable)] {
      core.setSegment(n, selector: 0, base: t.base, limit: UInt64(t.limit), attributes: 0)
    }
    (core[.cr0], core[.cr2], core[.cr3], core[.cr4]) = (s.cr0, s.cr2, s.cr3, s.cr4)
    (core[.efer], core[.rip]) = (s.efer, s.rip)
    environment.interrupts.taskPriority = s.cr8
    core.flags = s.rflags
    core[.halted] = 0
    (core[.shadow], core[.trapShadow], core[.debugReasons]) = (.max, .max, 0)
    core.updateMode(cpl: AccessRights(rawValue: s.ss.attributes).level)
    core.flushTranslations()
  }

  /// A start-up message: real mode at the start of a page below 1 MiB.
  func start(atPage page: UInt8) {
    core.setSegment(
      .cs, selector: UInt16(page) << 8, base: UInt64(page) << 12, limit: 0xFFFF, attributes: 0x9B)
    core[.rip] = 0
    core[.halted] = 0
    core.updateMode()
  }
}
