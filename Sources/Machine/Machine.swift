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
  /// What exists only while the power is on.
  struct Power: Sendable {
    let backend: any Backend
    let processors: [any Processor]
  }

  let configuration: Configuration
  let memory: GuestMemory
  let firmwareVariables: FirmwareVariables?
  let accelerator: AcceleratorChoice
  public let control: RunControl
  let power = Mutex<Power?>(nil)
  let doorbellMove = Mutex(())
  let complaints = Complaints()
  /// What the run is busy with, for a user who does not want to wait for it; nil while the guest runs.
  let business = Mutex<String?>("the kernel and its files were still being loaded.")
  let usesVirtioConsole = Atomic<Bool>(false)
  let haltedProcessors = Atomic<Int>(0)
  let clock: GuestClock
  let entropy: Entropy
  let console: Console
  let input = InputQueue()
  let debugConsole: OutputStream.Voice?
  let screenshot: ReplacedFile?
  private let keyScript: (file: String, script: KeyScript)?
  private let keyOperator = Mutex<KeyOperator?>(nil)
  let tracer: Tracer?
  private let debugger: DebugServer?
  /// Set once, before any processor runs.
  let boardBox = Mutex<Board?>(nil)

  public var now: Instant { clock.now }

  /// - Parameter control: for whoever wants something of the run before there is a machine.
  public init(_ configuration: Configuration, control: RunControl? = nil) throws(MachineError) {
    let wishes = try configuration.checkedToBoot()
    try wishes.checkOutputs()
    let configuration = try wishes.withFirmwareForKernel()
    let control = control ?? RunControl(configuration)
    self.control = control
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
      var outputs = Outputs()
      console = Console(configuration.console, try outputs.open(configuration.console))
      debugConsole = try outputs.open(configuration.debugConsole)
      keyScript = try configuration.keys.map { ($0, try Self.keyScript($0, configuration)) }
      screenshot = try configuration.screenshot.map(ReplacedFile.init)
      debugger = try configuration.debugger.map { [memory] place in
        do throws(SystemError) { return try DebugServer(place, memory: memory) { control.end(.quit) } } catch { throw MachineError("--gdb \(place): no debugger could connect there (\(error)).") }
      }
      tracer = try configuration.trace.map { wish in
        let output = try outputs.open(wish.file.map(Configuration.Stream.file) ?? .standard)
        return Tracer(wish, output) { clock.now }
      }
    } catch {
      throw MachineError(error)
    }
    let board: Board
    let plan = BoardPlan(
      configuration, firmwareSize: memory.firmwareSize, variablesSize: UInt64(firmwareVariables?.contents.count ?? 0))
    do { board = try Board(configuration, plan, memory: memory, on: self) } catch { throw MachineError(error) }
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

  /// The guest, or what carries it, has come to an end. The first outcome counts.
  func end(_ outcome: Outcome) { control.state.update { $0.end(outcome) } }

  // MARK: Running

  /// Runs the guest until it ends and everything is in order, however long the host takes for that. Called once.
  ///
  /// - Parameter whenReady: called with `notices` when everything is found good, right before the guest begins.
  public func run(whenReady: ([String]) throws(MachineError) -> Void = { _ in }) -> RunReport {
    do throws(SystemError) { try debugger?.start() } catch {
      return finish(.failed("a thread for the debugger cannot be made (\(error))"))
    }
    var isFirst = true
    var resets = ResetWatch()
    while true {
      do throws(MachineError) {
        let bus = try turnOn()
        if isFirst {
          try whenReady(notices)
          try connectKeyboard()
          isFirst = false
        }
        begin(on: bus)
      } catch {
        return finish(RunReport(error).outcome)
      }
      serve()
      business.withLock { $0 = "a processor of the guest did not stop: its device waited for the host." }
      let processors = turnOff()
      let outcome = control.state.update { $0.outcome }
      if outcome?.isHang == true { finalState.withLock { $0 = Autopsy.text(processors, memory) } }
      if let outcome { return finish(outcome) }
      business.withLock { $0 = "the guest was resetting itself, and its devices still waited for the host." }
      if resets.sees(resetAt: HostClock.nanoseconds(), afterWords: console.hasSpoken()) { Program.say(ResetWatch.advice) }
      board.reset()
      letInputFlow()
    }
  }

  private func finish(_ outcome: Outcome) -> RunReport {
    business.withLock { $0 = "the host was still storing what the guest wrote: it may not all be there." }
    var problems = board.close()
    if control.state.update({ $0.isRunning }), let problem = takeScreenshot() { problems.append(problem) }
    complaints.close()
    for output in [console.output, debugConsole, tracer?.output] { output?.stream.drain() }
    // What the guest did well has not ended well if the host has lost it.
    let lost = outcome.exitStatus == 0 ? problems.first : nil
    let end = lost.map { Outcome.failed($0) } ?? outcome
    debugger?.supervisor.finish(status: end.exitStatus)
    return report(end, problems: lost == nil ? problems : Array(problems.dropFirst()))
  }

  let finalState = Mutex<String?>(nil)
  let handedOver = Mutex<[String: Int]>([:])
  private let running = Monitor(0)
  private let isStopping = Atomic<Bool>(false)

  /// Puts everything in its place, up to the first instruction.
  private func turnOn() throws(MachineError) -> SystemBus {
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
        if target === board.power { try bus.addMovable(watched) { board.bridge.pmBase } } else { try bus.add(watched) }
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
    return bus
  }

  private func begin(on bus: SystemBus) {
    control.state.update { $0.begin() }
    business.withLock { $0 = nil }
    isStopping.store(false, ordering: .relaxed)
    haltedProcessors.store(0, ordering: .relaxed)
    let processors = power.withLock { $0?.processors } ?? []
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
          if configuration.tripleFault == .reset { carryOut(.reset) } else { end(.tripleFault(Autopsy.ofShutdown(processor, memory))) }
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
  /// Does what is asked for and keeps the devices' time, until the guest ends or begins anew.
  private func serve() {
    let targets = board.targets + (power.withLock { $0?.backend.chips } ?? []) + operators
    while true {
      // The processor's thread does this where time is its own.
      if !clock.isCounted { advance(targets) }
      let next = targets.compactMap(\.deadline).min().flatMap(clock.hostTime)
      let errand = control.state.wait(until: { state in [next, state.nextMoment].compactMap(\.self).min() }) { state in
        state.pass(to: HostClock.nanoseconds())
        return state.takeErrand()
      }
      switch errand {
      case .stop: return
      case .pressButton: pressPowerButton()
      case .takePicture:
        let problem = screenshot == nil ? "SIGUSR1 asks for a picture, and no --screenshot says where." : takeScreenshot()
        if let problem { Program.say(problem) }
      case .lookAtDeadlines, nil: break
      }
    }
  }

  private func pressPowerButton() {
    let isHeard = board.power.access { power, cycle in
      power.pressPowerButton(&cycle)
      return power.hearsPowerButton
    }
    guard isHeard else { return control.cannotShutDown() }
    Program.say("the guest is asked to shut down, by its power button; a second signal ends the run at once.")
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
    tracer?.translated(power.withLock { $0?.backend.translationReport ?? [] })
    let failed = power.withLock { $0?.backend.handedOver ?? [] }
    handedOver.withLock { counts in for entry in failed { counts[entry.name, default: 0] &+= entry.count } }
    power.withLock { $0 = nil }
    return processors
  }
}
