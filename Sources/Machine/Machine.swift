internal import Debugger
internal import DeviceModel
internal import Devices
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

/// The whole machine: a board, processors on threads of their own, and the streams to the host.
///
/// A reset keeps RAM and the devices and makes the rest anew. Whoever lets go of a machine gets back all that it had of the
/// host: threads, descriptors and memory.
public final class Machine: Sendable {
  let configuration: Configuration
  public let control: RunControl
  let accelerator: AcceleratorChoice
  private let clock: GuestClock
  private let entropy: Entropy
  let resources: Resources
  let keys: KeyOperator?
  let chassis: Chassis
  let board: Board
  private let keyboard: Keyboard?
  let standing = Mutex(Standing())
  let haltedProcessors = Atomic<Int>(0)
  /// Nil unless the user wants a guest ended that does not go on, and once that is known.
  let hang = Mutex<HangWatch?>(nil)
  let handedOver = Tally()
  let exits = Tally()
  /// What the guest's kernel has executed, once it stands still.
  let coverage = Mutex<Coverage?>(nil)

  /// - Parameters:
  ///   - devices: what the board has besides its own.
  ///   - accelerator: what runs the guest of such a configuration, for whoever prepares it meanwhile.
  ///   - control: for whoever wants something of the run before there is a machine.
  public init(
    _ configuration: Configuration, adding devices: AddedDevices = AddedDevices(), on accelerator: Accelerator? = nil, control: RunControl? = nil
  ) throws(MachineError) {
    try devices.check()
    let wishes = try configuration.checkedToBoot()
    try wishes.checkOutputs()
    let configuration = try wishes.withFirmwareForKernel()
    let control = control ?? RunControl(configuration)
    self.control = control
    self.configuration = configuration
    clock = configuration.seed == nil ? GuestClock() : GuestClock(counting: InstructionTime())
    entropy = Entropy(seed: configuration.seed)
    let accelerator = accelerator ?? Accelerator(configuration)
    self.accelerator = accelerator.choice
    do {
      resources = try Resources.open(configuration, accelerator, control: control)
      let link = BoardLink()
      let hands = KeyOperator.Hands(at: link, clock: clock, control: control)
      keys = resources.keyScript.map { KeyOperator($0, file: configuration.keys ?? "", hands: hands) }
      chassis = Chassis(configuration, resources, clock: clock, control: control, keys: keys, link: link)
      let plan = BoardPlan(
        configuration, firmwareSize: resources.memory.firmwareSize, variablesSize: UInt64(resources.variables?.contents.count ?? 0),
        adding: devices)
      board = try Board(configuration, plan, resources, entropy, adding: devices, on: chassis)
      link.lead(to: board)
      if let streams = chassis.streams {
        keyboard = try Keyboard(streams.input, typed: streams.letInputFlow, ended: streams.endInput) { control.end(.quit) }
      } else {
        keyboard = try chassis.console.isInteractive ? Keyboard(chassis.input, typed: chassis.letInputFlow) { control.end(.quit) } : nil
      }
    } catch {
      throw MachineError(error)
    }
  }

  deinit {
    keyboard?.stop()
    resources.debugger?.stop()
    board.stop()
  }

  var memory: GuestMemory { resources.memory }
  var debugger: DebugServer? { resources.debugger }

  /// What the user should know before the guest starts: which accelerator runs and why, where it was not the
  /// user's choice, and who is waited for.
  public var notices: [String] {
    [accelerator.notice, configuration.debugger.map { "the guest waits for a debugger (target remote \(UInt16($0) == nil ? $0 : ":" + $0))." }]
      .compactMap(\.self)
  }

  /// Whether the user's keys go to the guest.
  public var isInteractive: Bool { keyboard != nil && configuration.command?.hasTerminal != false }

  /// Whether lines come to the user's terminal that no terminal in the guest has ended.
  public var wantsLinesEnded: Bool { configuration.command?.hasTerminal != true || configuration.trace.map { $0.file == nil } == true }

  /// The user's window has another size now, or is there for the first time.
  public func windowChanged() {
    if configuration.command?.hasTerminal == true, let size = Terminal.size { chassis.streams?.tellWindow(size) }
  }

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
      let threads = makeThreads()
      do throws(MachineError) {
        try turnOn()
        if isFirst {
          try whenReady(notices)
          do throws(SystemError) { try keyboard?.start() } catch { throw MachineError("a thread for the keyboard cannot be made (\(error))") }
          isFirst = false
        }
        begin(threads)
      } catch {
        _ = turnOff(threads)
        return finish(RunReport(error).outcome)
      }
      serve()
      if control.state.update({ $0.outcome }) != nil { chassis.timeline?.enter(.end) } else { chassis.timeline?.restart() }
      standing.withLock { $0.business = "a processor of the guest had not stopped yet: it waited for a device, or for its turn on a busy host." }
      let processors = turnOff(threads)
      standing.withLock { $0.lookAtProcessors() }
      let outcome = control.state.update { $0.outcome }
      if outcome?.isHang == true { dissect(processors) }
      if let outcome { return finish(outcome) }
      standing.withLock { $0.business = "the guest was resetting itself, and its devices still waited for the host." }
      if resets.sees(resetAt: HostClock.nanoseconds(), afterWords: chassis.console.hasSpoken()) { Program.say(ResetWatch.advice) }
      board.reset()
      chassis.letInputFlow()
    }
  }

  private func finish(_ outcome: Outcome) -> RunReport {
    standing.withLock { $0.business = "the host was still storing what the guest wrote: it may not all be there." }
    var problems = board.close()
    if control.state.update({ $0.isRunning }), let problem = takeScreenshot() { problems.append(problem) }
    chassis.complaints.close()
    resources.console.output?.stream.drain()
    resources.debugConsole?.stream.drain()
    resources.trace?.stream.drain()
    // A guest that succeeded has not succeeded if the host lost what it wrote.
    let lost = outcome.exitStatus == 0 ? problems.first : nil
    let end = lost.map { Outcome.failed($0) } ?? outcome
    let report = report(end, problems: lost == nil ? problems : Array(problems.dropFirst()))
    debugger?.supervisor.finish(status: report.exitStatus)
    return report
  }

  /// Puts everything in its place, up to the first instruction.
  func turnOn() throws(MachineError) {
    let backend: any Backend
    var processors: [any Processor] = []
    var bus = SystemBus()
    do {
      if configuration.firmware == nil { board.standInForFirmware(configuration) }
      board.layOutMemory()
      backend = try accelerator.makeBackend(configuration, resources, entropy: entropy, on: chassis)
      if configuration.firmware == nil { backend.interrupts.setLevelTriggered(PCIRouting.lines) }
      let targets = board.targets + backend.chips
      try chassis.tracer?.check(devices: targets.map(\.placement.name) + board.bridge.slots.map(\.placement.name))
      for target in targets {
        let watched = chassis.watching(target)
        if target === board.power {
          try bus.addMemory(of: watched)
          bus.setSubtractive(MovablePorts(of: watched, behind: board.bridge))
        } else {
          try bus.add(watched)
        }
      }
      chassis.allowGathering(by: backend)
      chassis.timeline?.enter(.loading)
      let entry = try board.load(configuration)
      for index in 0..<configuration.processors { processors.append(try backend.makeProcessor(index)) }
      if let entry { try processors[0].setState(entry) }
      try debugger?.supervisor.attach(processors)
    } catch {
      throw MachineError(error)
    }
    chassis.power.withLock { $0 = Chassis.Power(backend: backend, processors: processors, bus: bus) }
    let timed = timed
    clock.counted?.connect(earliest: { timed.lazy.compactMap(\.deadline).min() }, advance: { [clock] in Self.advance(timed, to: clock.now) })
  }

  /// Lets the processors run.
  private func begin(_ threads: [HostThread]) {
    control.state.update { $0.begin() }
    chassis.timeline?.enter(.before)
    hang.withLock { $0 = configuration.hangWatch }
    standing.withLock { $0.business = nil }
    chassis.isStopping.store(false, ordering: .relaxed)
    haltedProcessors.store(0, ordering: .relaxed)
    for thread in threads { thread.release() }
  }

  var processors: [any Processor] { chassis.power.withLock { $0?.processors } ?? [] }

  func end(_ outcome: Outcome) { chassis.end(outcome) }

  // MARK: The user's side

  /// Everything that wants to hear of the time.
  private var timed: [any BusTarget] {
    board.targets + (chassis.power.withLock { $0.map { $0.backend.chips + $0.backend.watches } } ?? []) + [keys].compactMap(\.self)
  }

  /// Does what is asked for and keeps the devices' time, until the guest ends or begins anew.
  private func serve() {
    let timed = timed
    while true {
      // Where time is counted in instructions, the processor's own thread does this.
      if !clock.isCounted { Self.advance(timed, to: clock.now) }
      glance()
      let next = [timed.lazy.compactMap(\.deadline).min().flatMap(clock.hostTime), nextGlance, chassis.sampler?.next].compactMap(\.self).min()
      let errand = control.state.wait(until: { state in [next, state.nextMoment].compactMap(\.self).min() }) { state in
        state.pass(to: HostClock.nanoseconds())
        return state.takeErrand()
      }
      switch errand {
      case .stop: return
      case .pressButton: pressPowerButton()
      case .takePicture:
        let problem = resources.screenshot == nil ? "SIGUSR1 asks for a picture, and no --screenshot says where." : takeScreenshot()
        if let problem { Program.say(problem) }
      case .lookAtDeadlines, nil: break
      }
    }
  }

  private static func advance(_ targets: [any BusTarget], to now: Instant) {
    for target in targets {
      if let deadline = target.deadline, deadline <= now { target.advance() }
    }
  }

  /// Returns the processors, which run no more.
  private func turnOff(_ threads: [HostThread]) -> [any Processor] {
    chassis.stopProcessors()
    debugger?.supervisor.detach()
    for thread in threads {
      thread.release()
      thread.join()
    }
    guard let power = chassis.power.withLock({ $0 }) else { return [] }
    // A kick that is still under way reaches its device now, and not after the reset.
    power.backend.setDoorbells([])
    takeStock(of: power)
    chassis.view?.forget()
    clock.counted?.disconnect()
    chassis.power.withLock { $0 = nil }
    return power.processors
  }
}
