internal import DeviceModel
internal import Host
internal import Primitives
internal import Synchronization
internal import SystemBus

/// Finds out that no processor can ever go on. The kernel, which keeps the local APICs, also keeps a processor that
/// halts, and tells nobody when that one did so with interrupts off.
///
/// Now and then it compares how long the threads of the processors have worked, of which the guest feels nothing. Only
/// when none of them has worked in between are they called out of the guest, and asked at a moment at which none can wake
/// another. It has no registers: like a timer, it is only told the time.
///
/// At each look it also calls out a guest whose gathered writes nobody has heard of yet.
final class HaltWatch: BusTarget {
  private struct Watched: Sendable {
    weak var processor: KVMProcessor?
  }

  private struct Rounds: Sendable {
    var processors: [Watched] = []
    var next: Instant
    /// How long each had worked when the watch looked last.
    var work: [UInt64?] = []
  }

  /// The processors are asked; those that can never go on wait until the last one has said so, too.
  private struct Question: Sendable {
    var number = 0
    var isOpen = false
    var waiting: [KVMProcessor] = []
    var isStuck = false

    mutating func close() { (isOpen, waiting) = (false, []) }
  }

  private static let interval = Instant.milliseconds(250).nanoseconds

  private let count: Int
  private let clock: @Sendable () -> Instant
  private let rounds: Mutex<Rounds>
  private let question = Monitor(Question())

  init(processors: Int, clock: @escaping @Sendable () -> Instant) {
    count = processors
    self.clock = clock
    rounds = Mutex(Rounds(next: clock() + Self.interval))
  }

  func watch(_ processor: KVMProcessor) { rounds.withLock { $0.processors.append(Watched(processor: processor)) } }

  // MARK: The processors

  /// Called by a processor that has left the guest; true if neither it nor another one can ever go on.
  func isStuck(with processor: KVMProcessor) -> Bool {
    guard let number = question.update({ $0.isOpen ? $0.number : nil }) else { return false }
    let isDeaf = processor.canNeverGoOn
    question.update { question in
      guard question.isOpen, question.number == number else { return }
      guard isDeaf else { return question.close() }
      question.waiting.append(processor)
      guard question.waiting.count == count else { return }
      // Whoever has waited may have been sent something since.
      question.isStuck = question.waiting.allSatisfy(\.canNeverGoOn)
      question.close()
    }
    return question.wait { question in
      if question.isStuck { return true }
      if processor.isKicked { question.close() }
      return question.isOpen && question.number == number ? nil : false
    } ?? false
  }

  /// Lets the processors go that wait: one of them has been kicked.
  func withdraw() { question.update { $0.close() } }

  // MARK: BusTarget

  let placement = Placement("halt-watch")
  func read(_ width: AccessWidth, at offset: Int) -> UInt64 { width.ones }
  func write(_ value: UInt64, _ width: AccessWidth, at offset: Int) {}
  func reset() {}
  var deadline: Instant? { rounds.withLock { $0.next } }

  func advance() {
    let (idle, unheard) = rounds.withLock { rounds in
      rounds.next = clock() + Self.interval
      let processors = rounds.processors.compactMap(\.processor)
      let work = processors.map(\.work)
      defer { rounds.work = work }
      let isIdle = work == rounds.work && work.count == count && !work.contains(nil)
      return (isIdle ? processors : [], processors.filter(\.hasGathered))
    }
    for processor in unheard { processor.interruptRun() }
    guard !idle.isEmpty else { return }
    question.update { question in
      question.close()
      (question.number, question.isOpen) = (question.number &+ 1, true)
    }
    for processor in idle { processor.interruptRun() }
  }
}
