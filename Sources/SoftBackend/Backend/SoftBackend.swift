internal import Glibc
public import GuestRAM
internal import InterruptChips
internal import Primitives
public import Processor
internal import Synchronization
public import SystemBus
public import Time

/// Executes guests by interpreting them: needs nothing of the host but memory and threads.
@safe public final class SoftBackend: Backend, Sendable {
  private struct Member { weak var processor: SoftProcessor? }

  let memory: GuestMemory
  let fabric: InterruptFabric
  let processorCount: Int
  /// Which blocks become code of the host.
  public enum Translation: Sendable { case never, hot, always, lockstep }
  let translation: Translation
  /// Whether the host lets us execute what we write; if not, everything is interpreted.
  public static var hostAllowsTranslation: Bool { ExecutableMemory(size: 4096) != nil }
  /// Where it counts instructions, there is one processor.
  let clock: GuestClock
  /// What RDRAND gives.
  let random: @Sendable () -> UInt64
  public let chips: [any BusTarget]
  public var interrupts: any InterruptController { fabric }
  /// Counts, for each page of RAM, how often code in it was cached anew.
  nonisolated(unsafe) let versions: UnsafeMutablePointer<UInt32>
  let codeMap: CodeMap
  private nonisolated(unsafe) let tables: UnsafeMutableRawPointer
  let mapGeneration = Atomic<UInt32>(0)
  /// Processors that only another processor could wake.
  let stuckProcessors = Atomic<Int>(0)
  let undefined = InstructionTally()
  /// What guests wanted executed that the processors do not have, the most frequent first.
  public var undefinedInstructions: [(name: String, count: Int)] { undefined.list }
  /// Blocks of all processors that became code of the host, and what the interpreter did for them, most first.
  public var translationReport: [(name: String, count: Int)] {
    let tallies = members.withLock { $0 }.compactMap { $0.processor?.translator.tally }
    let compared = members.withLock { $0 }.compactMap { $0.processor?.lockstep }.map { ("blocks compared with the interpreter", $0.blocks) }
    return tallies.reduce(into: TranslationTally()) { $0.add($1) }.report + compared
  }
  public var translatedCode: [CodePlace] { members.withLock { $0 }.flatMap { $0.processor?.translator.places ?? [] } }
  private let members = Mutex<[Member]>([])

  /// - Parameter clock: guest time; the time-stamp counters tick once in its nanosecond.
  /// - Parameter deadlineMoved: called from any thread when one of the chips wants to be advanced earlier.
  public init(
    memory: GuestMemory, processors: Int = 1, clock: GuestClock = GuestClock(),
    random: @escaping @Sendable () -> UInt64 = SoftBackend.hostRandom, translation: Translation = .hot,
    deadlineMoved: (@Sendable () -> Void)? = nil
  ) throws(ProcessorError) {
    self.memory = memory
    self.clock = clock
    self.random = random
    processorCount = max(processors, 1)
    self.translation = translation
    fabric = InterruptFabric(processors: processorCount, tscHertz: SoftProcessor.frequency, clock: { clock.now })
    fabric.whenDeadlineMoves(deadlineMoved)
    chips = fabric.targets
    // A guest may have far more pages than it ever has code in: what is not touched takes no memory.
    let mapped = unsafe mmap(nil, Self.tablesSize(memory), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)
    guard let mapped = unsafe mapped, unsafe mapped != MAP_FAILED else {
      throw ProcessorError("the host has no memory for a guest of \(memory.size >> 20) MiB. Ask for less with --memory.")
    }
    unsafe tables = mapped
    unsafe codeMap = CodeMap(mapped)
    unsafe versions = (mapped + memory.pageCount * CodeMap.pageSize).assumingMemoryBound(to: UInt32.self)
    if translation != .never { memory.whenCodeIsWritten { [weak self] in self?.tellAll(.staleCode) } }
    clock.counted?.whenMoved { [weak self] in self?.tellAll(.interrupt) }
  }
  deinit { unsafe munmap(tables, Self.tablesSize(memory)) }

  private static func tablesSize(_ memory: GuestMemory) -> Int {
    memory.pageCount * (CodeMap.pageSize + MemoryLayout<UInt32>.stride)
  }

  /// The host's own source.
  public static let hostRandom: @Sendable () -> UInt64 = { .random(in: 0 ... .max) }

  public func makeProcessor(_ index: Int) throws(ProcessorError) -> any Processor {
    guard index < processorCount else { throw ProcessorError("this machine has no processor \(index)") }
    let processor = try SoftProcessor(index, self)
    members.withLock { $0.append(Member(processor: processor)) }
    fabric.bells[index].whenRung { [weak processor] in processor?.requestAttention(.interrupt) }
    return processor
  }

  public func memoryMapChanged() throws(ProcessorError) {
    mapGeneration.add(1, ordering: .releasing)
    tellAll(.staleMap)
  }

  /// Makes all processors, but perhaps one, look up.
  func tellAll(_ reason: SoftProcessor.Attention, except processor: SoftProcessor? = nil) {
    for member in members.withLock({ $0 }) where member.processor !== processor {
      member.processor?.requestAttention(reason)
    }
  }

  /// Whether no processor can ever go on: all sleep deaf to interrupts, and no message is on its way.
  var isStuck: Bool {
    stuckProcessors.load(ordering: .sequentiallyConsistent) == processorCount
      && fabric.bells.allSatisfy { $0.signals.isDisjoint(with: [.nonMaskable, .initialize, .startUp]) }
  }

  func physicalMap() -> [PhysicalWindow] {
    let windows = memory.windows
    // RAM is one mapping, and its first window begins it.
    let ram = unsafe memory.hostAddress(of: windows[0])
    return windows.map { window in
      let host = unsafe memory.hostAddress(of: window)
      var offset: Int?
      if case .ram(let start) = window.backing, window.access == .readWrite { offset = Int(start) }
      if window.access == .writeBehind { offset = Int(window.range.first.value) }
      var writeHost = unsafe host
      if window.access == .writeBehind {
        unsafe writeHost = ram + Int(window.range.first.value)
      }
      return unsafe PhysicalWindow(
        first: window.range.first.value, last: window.range.last.value, host: host, writeHost: writeHost, writeOffset: offset)
    }
  }
}
