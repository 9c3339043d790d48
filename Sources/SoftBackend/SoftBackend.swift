public import GuestRAM
internal import InterruptChips
public import Processor
public import SoftCPU
internal import Synchronization
public import SystemBus
public import Time

/// Executes guests by interpreting and translating them: needs nothing of the host but memory and threads.
public final class SoftBackend: Backend, Sendable {
  private struct Member { weak var processor: SoftProcessor? }

  private let memory: SharedMemory
  let fabric: InterruptFabric
  private let processorCount: Int
  let translation: TranslationPolicy
  let countsCode: Bool
  /// Where it counts instructions, there is one processor.
  let clock: GuestClock
  /// What RDRAND gives.
  private let random: @Sendable () -> UInt64
  public let chips: [any BusTarget]
  public var interrupts: any InterruptController { fabric }
  /// Processors that only another processor could wake.
  let stuckProcessors = Atomic<Int>(0)
  private let undefined = InstructionTally()
  /// What guests wanted executed that the processors do not have, the most frequent first.
  public var undefinedInstructions: [(name: String, count: Int)] { undefined.list }
  private let members = Mutex<[Member]>([])
  private var processors: [SoftProcessor] { members.withLock { $0 }.compactMap(\.processor) }

  /// - Parameter countsCode: what guests' kernels execute is counted.
  /// - Parameter clock: guest time; the time-stamp counters tick once in its nanosecond.
  /// - Parameter deadlineMoved: called from any thread when one of the chips wants to be advanced earlier.
  public init(
    memory: GuestMemory, processors: Int = 1, clock: GuestClock = GuestClock(),
    random: @escaping @Sendable () -> UInt64 = SoftBackend.hostRandom, translation: TranslationPolicy = .hot, countsCode: Bool = false,
    deadlineMoved: (@Sendable () -> Void)? = nil
  ) throws(ProcessorError) {
    self.memory = try SharedMemory(memory)
    self.clock = clock
    self.random = random
    processorCount = max(processors, 1)
    self.translation = translation
    self.countsCode = countsCode
    fabric = InterruptFabric(processors: processorCount, tscHertz: CoreContext.frequency, clock: { clock.now })
    fabric.whenDeadlineMoves(deadlineMoved)
    chips = fabric.targets
    if translation != .never { memory.whenCodeIsWritten { [weak self] in self?.tellAll(.staleCode) } }
    clock.counted?.whenMoved { [weak self] in self?.tellAll(.interrupt) }
  }

  /// The host's own source.
  public static let hostRandom: @Sendable () -> UInt64 = { .random(in: 0 ... .max) }
  /// Whether the host lets us execute what we write; if not, everything is interpreted.
  public static var hostAllowsTranslation: Bool { TranslationPolicy.isAllowedByHost }

  func environment(of index: Int) -> CoreEnvironment {
    CoreEnvironment(
      memory: memory, fabric: fabric, index: index, processorCount: processorCount, clock: clock, random: random, undefined: undefined,
      tellOthers: { [weak self] in self?.tellAll($0, except: index) })
  }

  public func makeProcessor(_ index: Int) throws(ProcessorError) -> any Processor {
    guard index < processorCount else { throw ProcessorError("this machine has no processor \(index)") }
    let processor = try SoftProcessor(index, self)
    members.withLock { $0.append(Member(processor: processor)) }
    fabric.bells[index].whenRung { [weak processor] in processor?.requestAttention(.interrupt) }
    return processor
  }

  public func memoryMapChanged() throws(ProcessorError) {
    memory.noteChange()
    tellAll(.staleMap)
  }

  /// Makes all processors, but perhaps one, look up.
  func tellAll(_ reason: Attention, except index: Int? = nil) {
    for processor in processors where processor.index != index { processor.requestAttention(reason) }
  }

  /// Whether no processor can ever go on: all sleep deaf to interrupts, and no message is on its way.
  var isStuck: Bool {
    stuckProcessors.load(ordering: .sequentiallyConsistent) == processorCount
      && fabric.bells.allSatisfy { $0.signals.isDisjoint(with: [.nonMaskable, .initialize, .startUp]) }
  }

  // MARK: What was translated

  /// Blocks of all processors that became code of the host, and what the interpreter did for them, most first.
  public var translationReport: [(name: String, count: Int)] { CoreContext.translationReport(of: processors.map(\.core)) }
  public var executedCode: [UInt64: UInt64] { processors.reduce(into: [:]) { $1.core.counts?.add(to: &$0) } }
  public var translatedCode: [CodePlace] { processors.flatMap(\.core.translatedCode) }
}
