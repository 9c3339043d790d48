internal import Glibc
internal import GuestRAM
internal import InterruptChips
internal import Primitives
public import Processor
internal import Synchronization
public import SystemBus
internal import Time

/// A window of physical memory with its bytes on the host.
@safe struct PhysicalWindow {
  let first: UInt64
  let last: UInt64
  let host: UnsafeMutableRawPointer
  let writeHost: UnsafeMutableRawPointer
  /// Where writes go in RAM; nil for ROM.
  let writeOffset: Int?
}

/// One processor, interpreted.
@safe public final class SoftProcessor: Processor, @unchecked Sendable {
  let index: Int
  let core: Core
  let translator: Translator
  /// Where translated code is compared with the interpreter.
  let lockstep: Lockstep?
  let backend: SoftBackend
  var bus = SystemBus()
  let interrupts: LocalInterrupts
  var traps = DebugTraps()
  var plainRegisters = PlainRegisters()
  var pendingTrap: DebugTrap?
  /// Accepted elsewhere; it comes before the next instruction.
  var heldEvent: ArchitecturalState.Event?
  private let arena: UnsafeMutableRawPointer
  private var timeOffset: UInt64 = 0
  private var map: [PhysicalWindow] = []
  private var mapGeneration: UInt32 = .max
  let wakeUp: UnsafeMutablePointer<pthread_cond_t>
  let wakeLock: UnsafeMutablePointer<pthread_mutex_t>

  static let arenaSize = 64 << 20
  /// Ticks of the time-stamp counter in a second: one for each nanosecond of guest time.
  static let frequency: UInt64 = 1_000_000_000

  init(_ index: Int, _ backend: SoftBackend) throws(ProcessorError) {
    self.index = index
    self.backend = backend
    interrupts = LocalInterrupts(backend.fabric, index)
    guard let block = unsafe Self.map(Core.size, huge: TranslatedState.patience), let arena = unsafe Self.map(Self.arenaSize, huge: Self.arenaSize) else {
      throw ProcessorError("the host has no memory for a processor")
    }
    core = unsafe Core(base: block)
    translator = Translator(
      core, threshold: backend.translation == .hot ? Translator.usualThreshold : 0, countsInstructions: backend.clock.isCounted)
    lockstep = backend.translation == .lockstep ? Lockstep(core) : nil
    unsafe self.arena = unsafe arena
    unsafe wakeUp = .allocate(capacity: 1)
    unsafe wakeLock = .allocate(capacity: 1)
    unsafe pthread_cond_init(wakeUp, nil)
    unsafe pthread_mutex_init(wakeLock, nil)
    core[.environment] = UInt64(UInt(bitPattern: unsafe Unmanaged.passUnretained(self).toOpaque()))
    core[.marks] = UInt64(UInt(bitPattern: unsafe backend.memory.codeMarks))
    core[.versions] = UInt64(UInt(bitPattern: unsafe backend.versions))
    core.prepareTranslations()
    emptyBlockCache()
    core[.pat] = 0x0007_0406_0007_0406
    initialize()
  }

  deinit {
    unsafe munmap(core.base, Core.size)
    unsafe munmap(arena, Self.arenaSize)
    unsafe pthread_cond_destroy(wakeUp)
    unsafe pthread_mutex_destroy(wakeLock)
    unsafe wakeUp.deallocate()
    unsafe wakeLock.deallocate()
  }

  /// - Parameter huge: so much of it, from the beginning, may lie in huge pages.
  private static func map(_ size: Int, huge: Int) -> UnsafeMutableRawPointer? {
    let p = unsafe mmap(nil, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)
    guard let p = unsafe p, unsafe p != MAP_FAILED else { return nil }
    // A kernel's code is spread all over the cache: with small pages the host misses its TLB for every block.
    unsafe madvise(p, huge, MADV_HUGEPAGE)
    return unsafe p
  }

  public func kick() { requestAttention(.kick) }

  public func run(on bus: SystemBus) throws(ProcessorError) -> Pause {
    self.bus = bus
    refreshMap()
    core.raise(.interrupt)
    if isTranslating { core.prepareThread() }
    do {
      try deliverHeldEvent()
      while true {
        if let time = backend.clock.counted, time.isDue { time.keep() }
        if traps.isStepping, core[.halted] == 0 {
          backend.clock.counted?.pass(1)
          return .trapped(try step())
        }
        if core[.attention] != 0, let pause = try attend() { return pause }
        if core[.watching] != 0 {
          try core.runSlowly(counting: backend.clock.counted)
        } else if !traps.isStepping {
          if let time = backend.clock.counted {
            try runCounting(time)
          } else if isTranslating, let lockstep {
            try core.run(lockstep, with: translator)
            if lockstep.difference != nil { break }
          } else if isTranslating {
            try core.run(with: translator)
          } else {
            try core.run()
          }
        }
      }
    } catch { return .shutdown }
    throw ProcessorError(lockstep?.difference ?? "")
  }

  /// Breakpoints are met by the interpreter.
  private var isTranslating: Bool { backend.translation != .never && traps.breakpoints.isEmpty }

  private func runCounting(_ time: InstructionTime) throws(Fault) {
    guard core[.attention] == 0 else { return }
    if isTranslating { try core.run(counting: time, with: translator) } else { try core.run(counting: time) }
  }

  // MARK: Memory

  var windows: [PhysicalWindow] { map }

  func refreshMap() {
    let generation = backend.mapGeneration.load(ordering: .acquiring)
    guard generation != mapGeneration else { return }
    mapGeneration = generation
    map = backend.physicalMap()
    core.noteWindows(map)
    core.flushTranslations()
    emptyBlockCache()
  }

  func codeMark(_ page: Int) -> UInt8 { unsafe backend.memory.codeMarks[page] }
  func setCodeMark(_ page: Int, _ mark: UInt8) { unsafe backend.memory.codeMarks[page] = mark }

  /// Notes that code of a physical page is cached; returns the page's number in RAM and its version.
  func markCode(_ physical: UInt64) -> (Int, UInt32) {
    for window in map where window.first <= physical && physical <= window.last {
      guard let ram = window.writeOffset else { break }
      let page = (ram + Int(physical - window.first)) / 4096
      if codeMark(page) != 1 {
        unsafe backend.versions[page] &+= 1
        backend.codeMap.clear(page)
        setCodeMark(page, 1)
        core.flushWriteTranslations(of: UInt64(UInt(bitPattern: unsafe window.writeHost + Int(physical & ~0xFFF - window.first))))
        backend.tellAll(.staleWrites, except: self)
      }
      return (page, unsafe backend.versions[page])
    }
    return (-1, 0)
  }

  /// A page of code is about to change: its code of the host is of no use any more, here and elsewhere.
  func codeIsOverwritten(_ page: Int) {
    translator.forget(page: page)
    if backend.processorCount > 1 { backend.tellAll(.staleCode, except: self) }
  }

  func emptyBlockCache() {
    for slot in 0..<65536 { core.store(UInt64(0), at: Core.blocks + slot * 8) }
    core[.epoch] &+= 1
    translator.recycle()
    core[.arenaNext] = UInt64(UInt(bitPattern: unsafe arena))
    core[.arenaEnd] = core[.arenaNext] + UInt64(Self.arenaSize)
    core[.currentBlock] = 0
  }

  /// The time-stamp counter: nanoseconds since power-on, unless the guest moved it.
  var timeStamp: UInt64 {
    get { backend.clock.now.nanoseconds &+ timeOffset }
    set {
      timeOffset = newValue &- backend.clock.now.nanoseconds
      backend.fabric.setTimeStampOffset(index, timeOffset)
    }
  }

  // MARK: State

  /// INIT, and power-on: the first processor runs, others wait for a start-up message.
  func initialize() {
    take(.reset)
    core.resetExtendedState()
    core[.apicPage] = interrupts.page
    core[.dr6] = 0xFFFF_0FF0
    core[.dr7] = 0x400
    core.watchBreakpoints()
    core[.halted] = index == 0 ? 0 : 1
    core[.inNonMaskable] = 0
  }

  public func state() throws(ProcessorError) -> ProcessorState {
    var s = ProcessorState.reset
    for n in 0..<16 { s.registers[n] = core[register: n] }
    func segment(_ n: Int) -> SegmentState {
      SegmentState(selector: core.selector(n), base: core.segmentBase(n), limit: UInt32(truncatingIfNeeded: core.segmentLimit(n)), attributes: core.segmentAttributes(n))
    }
    func table(_ n: Int) -> TableState { TableState(base: core.segmentBase(n), limit: UInt16(truncatingIfNeeded: core.segmentLimit(n))) }
    (s.rip, s.rflags) = (core[.rip], core.flags)
    (s.es, s.cs, s.ss) = (segment(0), segment(1), segment(2))
    (s.ds, s.fs, s.gs) = (segment(3), segment(4), segment(5))
    (s.localTable, s.task) = (segment(Segment.local), segment(Segment.task))
    (s.globalTable, s.interruptTable) = (table(Segment.global), table(Segment.interrupt))
    (s.cr0, s.cr2, s.cr3, s.cr4) = (core[.cr0], core[.cr2], core[.cr3], core[.cr4])
    (s.cr8, s.efer) = (interrupts.taskPriority, core[.efer])
    return s
  }

  public func setState(_ s: ProcessorState) throws(ProcessorError) {
    guard s.registers.count == 16 else { throw ProcessorError("a processor has sixteen registers") }
    take(s)
  }

  private func take(_ s: ProcessorState) {
    for n in 0..<16 { core[register: n] = s.registers[n] }
    func set(_ n: Int, _ v: SegmentState) {
      core.setSegment(n, selector: v.selector, base: v.base, limit: UInt64(v.limit), attributes: v.attributes)
    }
    for (n, v) in [s.es, s.cs, s.ss, s.ds, s.fs, s.gs].enumerated() { set(n, v) }
    set(6, SegmentState(selector: 0, base: 0, limit: .max, attributes: 0xC093))
    set(Segment.local, s.localTable)
    set(Segment.task, s.task)
    for (n, t) in [(Segment.global, s.globalTable), (Segment.interrupt, s.interruptTable)] {
      core.setSegment(n, selector: 0, base: t.base, limit: UInt64(t.limit), attributes: 0)
    }
    (core[.cr0], core[.cr2], core[.cr3], core[.cr4]) = (s.cr0, s.cr2, s.cr3, s.cr4)
    (core[.efer], core[.rip]) = (s.efer, s.rip)
    interrupts.taskPriority = s.cr8
    core.flags = s.rflags
    core[.halted] = 0
    (core[.shadow], core[.trapShadow], core[.debugReasons]) = (.max, .max, 0)
    core.updateMode(cpl: UInt8(truncatingIfNeeded: s.ss.attributes >> 5 & 3))
    core.flushTranslations()
  }
}
