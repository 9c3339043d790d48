internal import Debugger
internal import DeviceModel
internal import Devices
internal import GuestRAM
internal import Host
internal import PCI
public import Primitives
internal import Processor
internal import SoftBackend
internal import Synchronization
internal import SystemBus
internal import Time
internal import Virtio

/// The whole machine: a board, processors on threads of their own, and the streams to the host.
///
/// A reset keeps RAM and the devices and makes the rest anew.
public final class Machine: Sendable {
  struct Control: Sendable {
    var outcome: Outcome?
    var rescheduled = false
    /// When to stop waiting for a panicked kernel to say more, or to reset itself.
    var panicEnd: UInt64?
  }

  /// What exists only while the power is on.
  struct Power: Sendable {
    let backend: any Backend
    let processors: [any Processor]
  }

  let configuration: Configuration
  let memory: GuestMemory
  let firmwareVariables: FirmwareVariables?
  let accelerator: AcceleratorChoice
  let control = Monitor(Control())
  let power = Mutex<Power?>(nil)
  let doorbellMove = Mutex(())
  let complaints = Complaints()
  let usesVirtioConsole = Atomic<Bool>(false)
  let haltedProcessors = Atomic<Int>(0)
  let startTime = HostClock.nanoseconds()
  let clock: GuestClock
  let entropy: Entropy
  let console: Console
  let debugConsole: OutputStream?
  let screenshot: ReplacedFile?
  private let keyScript: (file: String, script: KeyScript)?
  private let keyOperator = Mutex<KeyOperator?>(nil)
  let tracer: Tracer?
  private let debugger: DebugServer?
  /// Set once, before any processor runs.
  let boardBox = Mutex<Board?>(nil)

  public var now: Instant { clock.now }

  public convenience init(_ configuration: Configuration) throws(MachineError) {
    try self.init(described: configuration.checkedToBoot())
  }

  init(described configuration: Configuration) throws(MachineError) {
    self.configuration = configuration
    let clock = configuration.seed == nil ? GuestClock() : GuestClock(counting: InstructionTime())
    self.clock = clock
    entropy = Entropy(seed: configuration.seed)
    do {
      accelerator = AcceleratorChoice(configuration.accelerator)
      let variables = try configuration.firmwareVariables.map(FirmwareVariables.init)
      firmwareVariables = variables
      let image = try configuration.firmware.map { try FirmwareImage.bytes($0, behind: variables?.contents ?? []) }
      memory = try GuestMemory(
        size: configuration.memory, firmware: image ?? [], video: configuration.display == nil ? 0 : Platform.video.count)
      console = try Console(configuration.console)
      debugConsole = try OutputStream.open(configuration.debugConsole, name: "debug console")
      keyScript = try configuration.keys.map { ($0, try Self.keyScript($0, configuration)) }
      screenshot = try configuration.screenshot.map(ReplacedFile.init)
      debugger = try configuration.debugger.map { [control, memory] place in
        do throws(SystemError) {
          return try DebugServer(place, memory: memory) { control.update { if $0.outcome == nil { $0.outcome = .quit } } }
        } catch { throw MachineError("--gdb \(place): no debugger could connect there (\(error)).") }
      }
      tracer = try configuration.trace.map { try Tracer($0) { clock.now } }
    } catch {
      throw MachineError(error)
    }
    let board: Board
    do { board = try Board(configuration, memory: memory, on: self) } catch { throw MachineError(error) }
    boardBox.withLock { $0 = board }
    if let keyScript {
      let keys = KeyOperator(keyScript.script, file: keyScript.file, hands: hands)
      keyOperator.withLock { $0 = keys }
    }
  }

  var board: Board {
    guard let board = boardBox.withLock({ $0 }) else { preconditionFailure("the board is made by the initializer") }
    return board
  }

  /// What the user should know before the guest starts: which accelerator runs and why, where it was not the
  /// user's choice, and who is waited for.
  public var notices: [String] {
    [accelerator.notice, configuration.debugger.map { "the guest waits for a debugger (target remote \(UInt16($0) == nil ? $0 : ":" + $0))." }]
      .compactMap(\.self)
  }

  /// The first outcome counts.
  public func end(_ outcome: Outcome) { control.update { if $0.outcome == nil { $0.outcome = outcome } } }

  // MARK: Running

  /// Runs the guest until it ends. Called once, by the main thread.
  public func run() -> Outcome {
    console.connect(to: self)
    do throws(SystemError) { try debugger?.start() } catch {
      return .failed("a thread for the debugger cannot be made (\(error))")
    }
    let limit = configuration.timeout.map { startTime &+ UInt64($0 * 1e9) }
    while true {
      do throws(MachineError) { try turnOn() } catch {
        return finish(error.isHosts ? .failed(error.message) : .refused(error.message))
      }
      let outcome = serve(until: limit)
      let processors = turnOff()
      if outcome.isHang {
        finalState.withLock { $0 = Autopsy.text(processors, memory) }
      }
      guard outcome == .reset, !configuration.stopsOnReset else { return finish(outcome) }
      control.update { $0 = Control() }
      board.reset()
    }
  }

  private func finish(_ outcome: Outcome) -> Outcome {
    board.close()
    console.drain()
    debugConsole?.drain()
    tracer?.drain()
    complaints.close()
    debugger?.supervisor.finish(status: outcome.exitStatus)
    return outcome
  }

  private let finalState = Mutex<String?>(nil)
  /// What the processors were doing when the guest panicked or its time was over.
  public var processorDump: String? { finalState.withLock { $0 } }

  private let handedOver = Mutex<[String: Int]>([:])
  /// Which instructions KVM failed and the software processor executed; nil if none.
  public var handOverNote: String? {
    let counts = handedOver.withLock { $0 }.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
    guard !counts.isEmpty else { return nil }
    let list = counts.prefix(8).map { "\($0.key) (\($0.value))" } + (counts.count > 8 ? ["others"] : [])
    return "KVM failed instructions that the software CPU then executed: \(list.joined(separator: ", "))."
  }

  private let running = Monitor(0)
  private let isStopping = Atomic<Bool>(false)

  private func turnOn() throws(MachineError) {
    let backend: any Backend
    var processors: [any Processor] = []
    var bus = SystemBus()
    let board = board
    do {
      if configuration.firmware == nil { board.standInForFirmware(configuration) }
      layOutMemory()
      backend = try accelerator.makeBackend(configuration, memory: memory, machine: self)
      if configuration.firmware == nil { backend.interrupts.setLevelTriggered(PCIRouting.lines) }
      let targets = board.targets + backend.chips
      try tracer?.check(devices: targets.map(\.placement.name) + board.bridge.slots.map(\.placement.name))
      for target in targets {
        let watched = tracer?.watching(target) ?? target
        if target === board.power { bus.addMovable(watched) { board.bridge.pmBase } } else { try bus.add(watched) }
      }
      let entry = try board.load(configuration, into: memory)
      for index in 0..<configuration.processors { processors.append(try backend.makeProcessor(index)) }
      if let entry { try processors[0].setState(entry) }
      try debugger?.supervisor.attach(processors)
    } catch {
      throw MachineError(error)
    }
    let timed = board.targets + backend.chips + operators
    clock.counted?.connect(earliest: { timed.compactMap(\.deadline).min() }, advance: { [weak self] in self?.advance(timed) })
    power.withLock { $0 = Power(backend: backend, processors: processors) }
    isStopping.store(false, ordering: .relaxed)
    haltedProcessors.store(0, ordering: .relaxed)
    for (index, processor) in processors.enumerated() { start(processor, index, on: bus) }
  }

  /// Gives a processor the thread that it runs on until the power is off.
  private func start(_ processor: any Processor, _ index: Int, on bus: SystemBus) {
    running.update { $0 += 1 }
    do throws(SystemError) {
      _ = try HostThread(name: "cpu \(index)") { [self] in
        execute(processor, index, on: bus)
        running.update { $0 -= 1 }
      }
    } catch {
      running.update { $0 -= 1 }
      end(.failed("a thread for processor \(index) cannot be made (\(error))"))
    }
  }

  private func execute(_ processor: any Processor, _ index: Int, on bus: SystemBus) {
    while true {
      debugger?.supervisor.enter(index)
      defer { debugger?.supervisor.leave(index) }
      if isStopping.load(ordering: .relaxed) { return }
      do throws(ProcessorError) {
        switch try processor.run(on: bus) {
        case .kicked: break
        case .trapped(let trap): debugger?.supervisor.trapped(index, at: trap)
        case .halted:
          let halted = haltedProcessors.add(1, ordering: .relaxed).newValue
          if halted == configuration.processors { end(.halted) }
          return
        case .shutdown where debugger?.supervisor.shutDown(index) == true: break
        case .shutdown:
          if configuration.tripleFault == .reset { carryOut(.reset) } else { end(.tripleFault(Autopsy.text([processor], memory))) }
          return
        case .power(let request):
          carryOut(request)
          return
        }
      } catch {
        end(.failed(error.message))
        return
      }
    }
  }

  // MARK: The user's side

  var keys: KeyOperator? { keyOperator.withLock { $0 } }
  private var operators: [any BusTarget] { keys.map { [$0] } ?? [] }
  /// How far a script of keys came, if it did not come to its end.
  public var keysNote: String? { keys?.note }

  public var isInteractive: Bool { console.isInteractive }

  /// The last lines of the console, where they went to a file or nowhere.
  public var unseenConsoleTail: [String] { console.unseenTail(lines: 20) }

  /// A key for the guest, on the console where it last wrote; waits until there is room.
  func type(_ key: UInt8) {
    while !offer(key) { HostClock.pause(milliseconds: 1) }
  }

  private func offer(_ key: UInt8) -> Bool {
    usesVirtioConsole.load(ordering: .relaxed)
      ? board.virtioConsole.access { console, cycle in console.receive([key], &cycle) == 1 }
      : board.serial.access { serial, cycle in serial.receive(key, &cycle) }
  }

  /// Keeps the devices' time until the guest ends.
  private func serve(until limit: UInt64?) -> Outcome {
    let targets = board.targets + (power.withLock { $0?.backend.chips } ?? []) + operators
    while true {
      // The processor's thread does this where time is its own.
      if !clock.isCounted { advance(targets) }
      let next = targets.compactMap(\.deadline).min().flatMap(clock.hostTime)
      let answer = control.wait(until: { state in [next, limit, state.panicEnd].compactMap(\.self).min() }) {
        state -> Outcome?? in
        if let outcome = state.outcome { return .some(outcome) }
        guard state.rescheduled else { return nil }
        state.rescheduled = false
        return .some(nil)
      }
      if let answer, let outcome = answer { return outcome }
      let present = HostClock.nanoseconds()
      if let end = control.update({ $0.panicEnd }), present >= end { return .panicked }
      if let limit, present >= limit { return .timedOut }
    }
  }

  private func advance(_ targets: [any BusTarget]) {
    let present = now
    for target in targets {
      if let deadline = target.deadline, deadline <= present { target.advance() }
    }
  }

  /// Returns the processors, which run no more.
  private func turnOff() -> [any Processor] {
    isStopping.store(true, ordering: .relaxed)
    debugger?.supervisor.detach()
    let processors = power.withLock { $0?.processors } ?? []
    for processor in processors { processor.kick() }
    _ = running.wait { $0 == 0 ? true : nil }
    // A kick that is still under way reaches its device now, and not after the reset.
    power.withLock { $0?.backend }?.setDoorbells([])
    tracer?.undefined(power.withLock { $0?.backend.undefinedInstructions ?? [] })
    let failed = power.withLock { $0?.backend.handedOver ?? [] }
    handedOver.withLock { counts in for entry in failed { counts[entry.name, default: 0] &+= entry.count } }
    power.withLock { $0 = nil }
    return processors
  }
}
