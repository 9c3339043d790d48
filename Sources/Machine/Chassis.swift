internal import DeviceModel
internal import GuestRAM
internal import Host
internal import PCI
internal import PCIBus
internal import Primitives
internal import Processor
internal import Reports
internal import Synchronization
internal import SystemBus
internal import Time

/// What every slot of the board is plugged into: what a device's cycle asks for happens here, after the device's lock is
/// free.
///
/// It is there before the board, and reaches the board by a link.
final class Chassis: Backplane {
  /// What exists only while the power is on.
  struct Power: Sendable {
    let backend: any Backend
    let processors: [any Processor]
    let bus: SystemBus
  }

  private let configuration: Configuration
  private let memory: GuestMemory
  let clock: GuestClock
  let control: RunControl
  let console: Console
  private let debugConsole: OutputStream.Voice?
  let tracer: Tracer?
  /// Nil unless somebody wants to know where the guest is.
  let view: GuestView?
  let sampler: StackSampler?
  /// Nil unless somebody wants to know what happens when.
  let timeline: TimelineRecorder?
  /// Nil unless somebody wants to know how often the guest reaches its devices.
  let accesses: AccessCounts?
  private let keys: KeyOperator?
  private let link: BoardLink
  /// As much goes to the guest as a serial port takes at once.
  let input = InputQueue(portion: 16)
  /// Those of the command that the machine runs, if it does.
  let streams: CommandStreams?
  let complaints = Complaints()
  let power = Mutex<Power?>(nil)
  /// Whether the processors are to execute nothing any more.
  let isStopping = Atomic<Bool>(false)
  /// Held by whoever moves memory or shortcuts: one at a time, so that the latest places are the last to arrive.
  private let placing = Mutex(())
  /// How much a device has had for its worker, and how many bytes the guest has said on its consoles.
  private let work = Atomic<Int>(0)
  private let words = Atomic<Int>(0)
  private let usesVirtioConsole = Atomic<Bool>(false)

  init(_ configuration: Configuration, _ resources: Resources, clock: GuestClock, control: RunControl, keys: KeyOperator?, link: BoardLink) {
    self.configuration = configuration
    self.clock = clock
    self.control = control
    self.keys = keys
    self.link = link
    memory = resources.memory
    console = resources.console
    debugConsole = resources.debugConsole
    let view = configuration.looksInside ? GuestView(resources.memory) : nil
    self.view = view
    let accesses = configuration.report == nil && configuration.timeline == nil ? nil : AccessCounts()
    self.accesses = accesses
    let timeline = configuration.timeline == nil ? nil : TimelineRecorder(startedAt: control.start) { accesses?.sum ?? 0 }
    self.timeline = timeline
    streams = configuration.command == nil ? nil : CommandStreams(whenStarted: { timeline?.enter(.command) }) { outcome in control.state.update { $0.end(outcome) } }
    sampler = configuration.profile == nil && timeline == nil ? nil : view.map { StackSampler($0, timeline) }
    tracer = configuration.trace.map { wish in Tracer(wish, resources.trace, accessor: { view?.accessor }) { clock.now } }
  }

  var now: Instant { clock.now }

  /// The run is at its end, by the guest's doing or a fault of the host's. The first outcome counts.
  func end(_ outcome: Outcome) { control.state.update { $0.end(outcome) } }

  /// The processors stop as soon as they can.
  func stopProcessors() {
    isStopping.store(true, ordering: .relaxed)
    for processor in power.withLock({ $0?.processors ?? [] }) { processor.kick() }
  }

  // MARK: Activity

  /// A device has something for its worker.
  func noteWork() { work.add(1, ordering: .relaxed) }

  /// A count of all that passes between the guest and the host, with what the guest says on its consoles or without.
  func activity(withWords: Bool) -> Int { work.load(ordering: .relaxed) &+ (withWords ? words.load(ordering: .relaxed) : 0) }

  // MARK: Accesses

  /// Those who want to see each access to a device.
  private func watchers(of device: String) -> [any AccessWatcher] {
    var watchers: [any AccessWatcher] = []
    if let watcher = tracer?.watcher(of: device) { watchers.append(watcher) }
    if let watcher = accesses?.watcher(of: device) { watchers.append(watcher) }
    return watchers
  }

  /// The target itself, or one that shows each access to whoever watches it.
  func watching(_ target: any BusTarget) -> any BusTarget {
    watchers(of: target.placement.name).reduce(target) { WatchedTarget($0, by: $1) }
  }

  /// The function itself, or one that shows each access to whoever watches it.
  func watching(_ slot: any PCISlot) -> any PCISlot {
    watchers(of: slot.placement.name).reduce(slot) { WatchedSlot($0, by: $1) }
  }

  // MARK: Cycles

  func carryOut(_ cycle: Cycle, of placement: Placement) {
    if let level = cycle.interrupt, let line = placement.line { drive(line, level, of: placement, at: cycle.now) }
    for effect in cycle.effects { carryOut(effect, of: placement, at: cycle.now) }
    let changes = cycle.changes
    if changes.contains(.deadline) { reschedule() }
    if changes.contains(.tables) { link.board?.refreshTables() }
    if changes.contains(.memoryMap) { changeMemoryMap() }
    if changes.contains(.windows) { moveShortcuts() }
  }

  private func carryOut(_ effect: Effect, of placement: Placement, at time: Instant) {
    switch effect {
    case .line(let line, let level): drive(line, level, of: placement, at: time)
    case .message(let message):
      tracer?.message(message, of: placement, at: time)
      interrupts?.send(message)
    case .power(let request): carryOut(request)
    case .queue(let activity): tracer?.queue(activity, of: placement, at: time)
    case .complaint(let text): complaints.tell(text, of: placement.name, at: time)
    case .clearVideo: memory.clearVideo()
    // The outlet's.
    case .byte, .store: break
    }
  }

  private func drive(_ line: Int, _ level: Bool, of placement: Placement, at time: Instant) {
    tracer?.line(line, level, of: placement, at: time)
    interrupts?.setLine(line, level)
  }

  private var interrupts: (any InterruptController)? { power.withLock { $0?.backend.interrupts } }

  /// A deadline moved.
  func reschedule() {
    if let time = clock.counted { time.reschedule() } else { control.state.update { $0.isRescheduled = true } }
  }

  private func changeMemoryMap() {
    placing.withLock { _ in
      link.board?.layOutMemory()
      guard let backend = power.withLock({ $0?.backend }) else { return }
      do throws(ProcessorError) { try backend.memoryMapChanged() } catch { end(.failed(error.message)) }
    }
  }

  /// Tells the backend which accesses it need not bring to the bus, or not at once.
  private func moveShortcuts() {
    placing.withLock { _ in
      guard let board = link.board, let backend = power.withLock({ $0?.backend }) else { return }
      backend.setDoorbells(board.bridge.doorbells)
      allowGathering(by: backend)
    }
  }

  /// Tells a backend which writes it need not bring to the bus at once. A trace tells of every access when it happens.
  func allowGathering(by backend: any Backend) {
    guard tracer == nil, let board = link.board else { return }
    backend.mayGather(writesTo: (board.targets + backend.chips).compactMap(\.placement.selector) + board.bridge.selectors)
  }

  func carryOut(_ request: PowerRequest) {
    switch request {
    case .off: end(configuration.command == nil ? .poweredOff : .commandLost)
    case .exit(let code): end(.exited(code: code))
    case .panicked: end(.panicked)
    case .watchdog where configuration.watchdog == .stop: end(.watchdog)
    case .refused(let message): end(.refused(message))
    case .reset, .watchdog:
      // A command is not begun anew.
      let outcome: Outcome? = configuration.command != nil ? .commandLost : configuration.stopsOnReset ? .reset : nil
      control.state.update { $0.reset(endingIn: outcome) }
    }
    stopProcessors()
  }

  // MARK: The console

  /// A byte of the serial port.
  func serialSaid(_ byte: UInt8) { show(byte, byVirtio: false) }

  func debugConsoleSaid(_ byte: UInt8) { debugConsole?.put(byte) }

  func flashStores(_ bytes: [UInt8], at offset: Int) { link.board?.keepInFlash(bytes, at: offset) }

  /// The virtio console has words, or room for keys.
  func drainVirtioConsole() {
    for byte in link.board?.takeConsoleWords() ?? [] { show(byte, byVirtio: true) }
    letInputFlow()
  }

  private func show(_ byte: UInt8, byVirtio: Bool) {
    // What the user types follows to the console where the guest last wrote.
    let moved = usesVirtioConsole.load(ordering: .relaxed) != byVirtio
    if moved { usesVirtioConsole.store(byVirtio, ordering: .relaxed) }
    words.add(1, ordering: .relaxed)
    keys?.hear(byte)
    timeline?.hears(byte)
    if console.put(byte) {
      let end = HostClock.nanoseconds() &+ HostClock.nanoseconds(seconds: configuration.panicGrace)
      control.state.update { $0.panicked(until: end) }
    }
    if moved { letInputFlow() }
  }

  /// What the user has typed goes to the guest as far as it has room.
  func letInputFlow() {
    input.flow { keys in link.board?.receive(keys, byVirtio: usesVirtioConsole.load(ordering: .relaxed)) ?? 0 }
  }
}
