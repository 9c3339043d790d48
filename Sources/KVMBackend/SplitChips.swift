internal import CLinux
internal import DeviceModel
internal import Devices
internal import Host
internal import InterruptChips
internal import Primitives
internal import Processor
internal import Synchronization

/// KVM's split mode: the local APICs are the kernel's, and all other interrupt chips are the software machine's.
///
/// The I/O APIC reaches local APICs by messages. The legacy controllers reach the first processor, which looks here
/// before it enters the guest.
final class SplitChips: InterruptController, ChipKeeper {
  private struct State: Sendable {
    var board = BoardChips()
    /// What KVM knows of the I/O APIC: the level-triggered messages, the end of which it must tell.
    var told: [(pin: Int, message: MSIMessage)] = []
  }

  private let entrance: InterruptEntrance
  private let state = Mutex(State())
  private let clock: @Sendable () -> Instant
  private let deadlineMoved: @Sendable () -> Void
  private let deadline = DeadlineWatch()
  private let raised = Atomic<Bool>(false)

  /// - Parameter deadlineMoved: called from any thread when the timer wants to be advanced earlier.
  init(of vm: Int32, clock: @escaping @Sendable () -> Instant, deadlineMoved: @escaping @Sendable () -> Void) throws(ProcessorError) {
    entrance = InterruptEntrance(vm: vm)
    self.clock = clock
    self.deadlineMoved = deadlineMoved
    var wish = kvm_enable_cap()
    wish.cap = UInt32(KVM_CAP_SPLIT_IRQCHIP)
    wish.args.0 = UInt64(IOAPIC.pinCount)
    try check("KVM_CAP_SPLIT_IRQCHIP", unsafe linux_ioctl_pointer(vm, linux_KVM_ENABLE_CAP, &wish))
  }

  // MARK: Interrupts come in

  func setLine(_ line: Int, _ level: Bool) { accessBoard { board, cycle in board.setLine(line, level, &cycle) } }

  func setLevelTriggered(_ lines: UInt16) { accessBoard { board, _ in board.setLevelTriggered(lines) } }

  func send(_ message: MSIMessage) { entrance.send(message) }

  // MARK: Processors take them

  /// Called when the legacy controllers raise their interrupt.
  let whenRaised = Callback()

  /// Whether the legacy controllers want to interrupt the first processor.
  var isRaised: Bool { raised.load(ordering: .acquiring) }

  /// The first processor takes that interrupt; the vector is a spurious one if it has gone meanwhile.
  func acknowledge() -> UInt8 { accessBoard { board, _ in board.pic.acknowledge() } }

  /// A processor ended an interrupt that was sent as level-triggered.
  func endOfInterrupt(_ vector: UInt8) { accessBoard { board, cycle in board.ioAPIC.endOfInterrupt(vector, &cycle) } }

  // MARK: Time

  var nextDeadline: Instant? { deadline.next }

  func advance() {
    // A timer that is late has two edges.
    for _ in 0..<2 { accessBoard { board, cycle in _ = board.advanceTimer(&cycle) } }
  }

  // MARK: The lock

  func accessBoard<R: Sendable>(_ body: (inout BoardChips, inout Cycle) -> R) -> R {
    var cycle = Cycle(at: clock())
    var (rises, isEarlier) = (false, false)
    let result = state.withLock { state in
      let result = body(&state.board, &cycle)
      state.board.followTimer(&cycle)
      tell(&state)
      for message in cycle.messages { entrance.send(message) }
      let level = state.board.pic.output
      let wasRaised = raised.exchange(level, ordering: .acquiringAndReleasing)
      rises = level && !wasRaised
      isEarlier = deadline.move(to: state.board.timer.deadline)
      return result
    }
    if rises { whenRaised() }
    if isEarlier { deadlineMoved() }
    return result
  }

  /// KVM leaves the guest at the end of an interrupt only if a route of an I/O APIC's pin says level-triggered.
  private func tell(_ state: inout State) {
    let messages = state.board.ioAPIC.levelMessages
    guard !messages.elementsEqual(state.told, by: ==) else { return }
    state.told = messages
    // Ignored: failure means that the host is out of memory, and the guest then misses ends of interrupts.
    try? entrance.setRoutes(messages.map { InterruptRoute(line: UInt32($0.pin), target: .message($0.message)) })
  }
}
