internal import GuestRAM
internal import Glibc
internal import Primitives
package import Processor
internal import Synchronization
internal import SystemBus
internal import Time

/// A core, and what belongs to it beside the words of its block: decoded blocks and their translator, the registers
/// that nothing depends on, what a debugger wants, and the way to its environment.
@safe package final class CoreContext: @unchecked Sendable {
  let core: Core
  let environment: CoreEnvironment
  let translator: Translator
  /// Where translated code is compared with the interpreter.
  let lockstep: Lockstep?
  /// Where somebody wants to know what the guest's kernel executes.
  package let counts: BlockCounts?
  /// Where input and output go.
  var bus = SystemBus()
  package internal(set) var traps = DebugTraps()
  var plainRegisters = PlainRegisters()
  var pendingTrap: DebugTrap?
  /// Accepted elsewhere; it comes before the next instruction.
  var heldEvent: ArchitecturalState.Event?
  private(set) var windows: [PhysicalWindow] = []
  private let translation: TranslationPolicy
  private let arena: UnsafeMutableRawPointer
  /// Where blocks begin that may become code of the host.
  let youngBlocks: YoungBlocks?
  /// For the thread that runs the core. (In the thread's own storage it would be zeroed for each thread that there is.)
  let signalStack = UnsafeMutableRawBufferPointer.allocate(byteCount: 32 << 10, alignment: 16)
  private var timeOffset: UInt64 = 0
  private var mapGeneration: UInt32 = .max
  /// Pages of code that are being overwritten.
  private var overwritten: [Int] = []

  private static let arenaSize = 64 << 20
  /// Ticks of the time-stamp counter in a second: one for each nanosecond of guest time.
  package static let frequency: UInt64 = 1_000_000_000

  package init(_ environment: CoreEnvironment, _ translation: TranslationPolicy = .never, counts: BlockCounts? = nil) throws(ProcessorError) {
    self.environment = environment
    self.counts = counts
    self.translation = translation
    guard let block = unsafe Self.map(Core.size, huge: TranslatedState.patience), let arena = unsafe Self.map(Self.arenaSize) else {
      throw ProcessorError("the host has no memory for a processor")
    }
    core = unsafe Core(base: block)
    translator = Translator(
      core, threshold: translation == .hot ? Translator.usualThreshold : 0, countsInstructions: environment.clock.isCounted)
    lockstep = translation == .lockstep ? Lockstep(core) : nil
    unsafe self.arena = unsafe arena
    youngBlocks = unsafe translation == .hot ? YoungBlocks(arena + Self.arenaSize - YoungBlocks.size) : nil
    core[.arena] = UInt64(UInt(bitPattern: arena))
    core[.arenaEnd] = core[.arena] + UInt64(Self.arenaSize - YoungBlocks.size)
    core[.context] = UInt64(UInt(bitPattern: unsafe Unmanaged.passUnretained(self).toOpaque()))
    core[.marks] = UInt64(UInt(bitPattern: unsafe environment.memory.ram.codeMarks))
    core[.versions] = UInt64(UInt(bitPattern: unsafe environment.memory.versions))
    core.prepareTranslations()
    emptyBlockCache()
    core[.pat] = 0x0007_0406_0007_0406
    initialize()
  }

  deinit {
    unsafe munmap(core.base, Core.size)
    unsafe munmap(arena, Self.arenaSize)
    unsafe signalStack.deallocate()
  }

  /// - Parameter huge: so much of it, from the beginning, may lie in huge pages.
  private static func map(_ size: Int, huge: Int = 0) -> UnsafeMutableRawPointer? {
    let p = unsafe mmap(nil, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)
    guard let p = unsafe p, unsafe p != MAP_FAILED else { return nil }
    // What accesses are looked up in is used all over, all the time.
    if huge > 0 { unsafe madvise(p, huge, MADV_HUGEPAGE) }
    return unsafe p
  }

  /// Whether hot code is code of the host. Breakpoints are met by the interpreter.
  var isTranslating: Bool { translation != .never && traps.breakpoints.isEmpty }

  // MARK: Memory

  /// Follows changes of the map of physical memory.
  func refreshMap() {
    let generation = environment.memory.generation
    guard generation != mapGeneration else { return }
    mapGeneration = generation
    windows = environment.memory.windows()
    core.noteWindows(windows)
    core.flushTranslations()
    emptyBlockCache()
  }

  /// Notes that code of a physical page is cached; returns the page's number in RAM and its version.
  func markCode(_ physical: UInt64) -> (Int, UInt32) {
    let memory = environment.memory
    for window in windows where window.first <= physical && physical <= window.last {
      guard let ram = window.writeOffset else { break }
      let page = (ram + Int(physical - window.first)) / 4096
      if memory.beginCode(page) {
        core.forgetWays { $0 == page }
        environment.tellOthers(.staleWrites)
      } else {
        closeWays()
      }
      return (page, unsafe memory.versions[page])
    }
    return (-1, 0)
  }

  /// A page of code is about to change: its code of the host is of no use any more, here and elsewhere.
  func codeIsOverwritten(_ page: Int) {
    endCode(page)
    guard environment.processorCount > 1 else { return }
    // Until the write is done, others may decode once more what was there before it.
    overwritten.append(page)
    core.raise(.overwrittenCode)
  }

  /// The writes are done that `codeIsOverwritten` spoke of.
  func finishOverwriting() {
    let pages = overwritten
    overwritten = []
    for page in pages where environment.memory.codeMark(page) == 1 { endCode(page) }
  }

  /// If others have begun with code in pages that this processor can write unseen, it has to do so no longer; and as it
  /// may have done so already, what they decoded there is not good. To be called before a translation is forgotten.
  func closeWays() {
    guard environment.processorCount > 1 else { return }
    // Its writes come before the question.
    let reasons = unsafe core.attentionWord.pointee.bitwiseOr(0, ordering: .sequentiallyConsistent).oldValue
    if reasons & Attention.staleWrites.rawValue != 0 { closeWaysToCode() }
  }
  func closeWaysToCode() {
    for page in core.forgetWays({ environment.memory.codeMark($0) == 1 }) { endCode(page) }
  }

  private func endCode(_ page: Int) {
    environment.memory.endCode(page)
    translator.forget(page: page)
    if environment.processorCount > 1 { environment.tellOthers(.staleCode) }
  }

  func emptyBlockCache() {
    // No block is at the very beginning: that is none.
    let start = core[.arena] + 64
    // A core that has kept no block yet has nothing to forget, and its memory need not be touched.
    if core[.arenaNext] > start { for slot in 0..<65536 { core.store(0 as UInt32, at: Core.blocks + slot * 8) } }
    core[.epoch] &+= 1
    translator.recycle()
    core[.arenaNext] = start
    core.forgetYoungBlocks()
    core[.currentBlock] = 0
  }

  // MARK: Time

  /// The time-stamp counter: nanoseconds since power-on, unless the guest moved it.
  var timeStamp: UInt64 {
    get { environment.clock.now.nanoseconds &+ timeOffset }
    set {
      timeOffset = newValue &- environment.clock.now.nanoseconds
      environment.interrupts.setTimeStampOffset(timeOffset)
    }
  }
}
