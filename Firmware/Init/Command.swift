/// The command that the user wants to run: it is started, its bytes go to and fro, and its end is waited for.
struct Command<S: System> {
  private let system: S
  private let plan: Plan
  private let streams: Streams
  private var channels: [Channel] = []
  private var process = 0
  private var children = 0
  /// The terminal that the command has, from our side.
  private var terminal: Int?
  /// What the host has begun to say.
  private var line: [UInt8] = []

  init(_ system: S, _ plan: Plan, _ streams: Streams) {
    self.system = system
    self.plan = plan
    self.streams = streams
  }

  // MARK: The start

  mutating func start() throws(Problem) {
    children = system.watchChildren()
    guard children >= 0 else { throw Problem("wait for children", children) }
    if plan.hasTerminal { try startOnTerminal() } else { try startOnPipes() }
    guard process > 0 else { throw Problem("start a process", process) }
  }

  private mutating func startOnPipes() throws(Problem) {
    guard let input = system.makePipe(), let output = system.makePipe(), let errors = system.makePipe() else { throw Problem("make a pipe", -24) }
    process = system.fork()
    if process == 0 {
      for (number, file) in [input.reader, output.writer, errors.writer].enumerated() { system.duplicate(file, as: number) }
      system.becomeSession()
      execute()
    }
    for file in [input.reader, output.writer, errors.writer] { system.close(file) }
    // Nobody waits for one stream while another has something.
    for file in [input.writer, output.reader, errors.reader] { system.makeNonBlocking(file) }
    channels = [
      Channel(from: streams.input, to: input.writer), Channel(from: output.reader, to: streams.output),
      Channel(from: errors.reader, to: streams.errors),
    ]
  }

  private mutating func startOnTerminal() throws(Problem) {
    let flags = Linux.Open.both | Linux.Open.noTerminal | Linux.Open.closedByExecution
    let master = system.open("/dev/ptmx", flags | Linux.Open.nonBlocking)
    guard master >= 0 else { throw Problem("open a terminal (CONFIG_UNIX98_PTYS)", master) }
    var number = [UInt8](repeating: 0, count: 4)
    _ = system.control(master, Linux.Control.terminalLock, &number)
    _ = system.control(master, Linux.Control.terminalNumber, &number)
    let path: Text = "/dev/pts/" + Text(number.reversed().reduce(0) { $0 << 8 | Int($1) })
    // Ours is no end while nobody has opened the command's.
    let slave = system.open(path, flags)
    guard slave >= 0 else { throw Problem("open " + path + " (CONFIG_UNIX98_PTYS)", slave) }
    process = system.fork()
    if process == 0 {
      system.becomeSession()
      _ = system.control(slave, Linux.Control.controllingTerminal, value: 0)
      for stream in 0...2 { system.duplicate(slave, as: stream) }
      execute()
    }
    system.close(slave)
    terminal = master
    // Both ways end with the terminal.
    channels = [Channel(from: streams.input, to: master), Channel(from: master, to: streams.output)]
  }

  /// In the child, which ends here.
  private func execute() {
    guard system.enter(plan.folder) >= 0 else { return give(126, plan.folder + ": the folder cannot be entered") }
    guard system.become(user: plan.user, group: plan.group, groups: plan.groups) >= 0 else { return give(126, "the user cannot be changed") }
    guard let command = plan.arguments.first else { return give(126, "no command") }
    var worst = Linux.notThere
    let isPath = command.content.contains(0x2F)
    for path in isPath ? [command] : plan.searchPath.map({ $0 + "/" + command }) {
      let code = system.execute(path, plan.arguments, plan.variables)
      if code != Linux.notThere { worst = code }
    }
    if worst == Linux.notThere { return give(127, command + ": command not found") }
    give(126, command + (worst == Linux.noAccess ? ": permission denied" : ": cannot be executed: error " + Text(-worst)))
  }

  private func give(_ status: Int, _ message: Text) {
    _ = system.write(2, ("swboot: " + message + "\n").content)
    system.exit(status)
  }

  // MARK: To its end

  /// Carries bytes until the command has ended and what it wrote is on its way; its status, as a shell would have it.
  mutating func waitForEnd() -> Int {
    var status: Int?
    while true {
      if let status, channels.dropFirst().allSatisfy({ $0.isDone }) { return status }
      var waits = [Wait(children, Wait.readable), Wait(streams.control, Wait.readable)]
      let active = channels.indices.filter { channels[$0].wait != nil }
      waits += active.compactMap { channels[$0].wait }
      system.poll(&waits, milliseconds: -1)
      for (index, wait) in zip(active, waits.dropFirst(2)) where wait.seen != 0 { channels[index].move(wait.seen, system) }
      if waits[1].seen & Wait.readable != 0 { hear() }
      guard waits[0].seen != 0 else { continue }
      var signals = [UInt8](repeating: 0, count: 128)
      _ = system.read(children, into: &signals)
      while let child = system.reap() {
        guard child.process == process else { continue }
        // The low seven bits are the signal that ended it.
        let signal = child.status & 0x7F
        status = signal == 0 ? child.status >> 8 & 0xFF : 128 + signal
        for index in channels.indices { channels[index].finish(system) }
      }
    }
  }

  /// The host says how large the user's window is.
  private mutating func hear() {
    var bytes = [UInt8](repeating: 0, count: 64)
    let count = system.read(streams.control, into: &bytes)
    guard count > 0 else { return }
    for byte in bytes.prefix(count) {
      if byte != 0x0A { line.append(byte) } else { obey() }
    }
    if line.count > 64 { line = [] }
  }

  private mutating func obey() {
    let words = Text(line).parts(between: 0x20)
    line = []
    guard words.count == 3, words[0] == "window", let rows = words[1].number, let columns = words[2].number, let terminal else { return }
    var size = [UInt8](repeating: 0, count: 8)
    for (offset, value) in [(0, rows), (2, columns)] {
      size[offset] = UInt8(truncatingIfNeeded: value)
      size[offset + 1] = UInt8(truncatingIfNeeded: value >> 8)
    }
    _ = system.control(terminal, Linux.Control.windowSize, &size)
  }
}
