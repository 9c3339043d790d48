internal import Host
internal import Machine
internal import Options

@main struct Main {
  static func main() {
    Program.holdStandardStreams()
    HostSignals.prepare()
    let options: Options
    do throws(UsageError) { options = try Options(Array(CommandLine.arguments.dropFirst())) } catch {
      stop(error.message, status: 2)
    }
    switch options.command {
    case .help: show([Help.text])
    case .version: show(["swboot \(Program.version)"])
    case .manual: show(Array(ManualPage.text(version: Program.version).utf8))
    case .completion(let shell): show(Array(shell.completion.utf8))
    case .doctor: show(Doctor.report())
    case .machine: describe(options.configuration)
    case .boot: boot(options.configuration)
    }
  }

  private static func describe(_ configuration: Configuration) {
    do throws(MachineError) {
      guard let path = configuration.deviceTree else { return show(try MachineMap.report(configuration)) }
      let tree = try MachineMap.tree(configuration)
      if path == "-" { return show(tree) }
      let file: OutputFile
      do throws(FileError) { file = try OutputFile(path: path) } catch { stop(error.description, status: 2) }
      guard file.write(tree) else { stop("\(path): the device tree could not be written.", status: 70) }
    } catch {
      stop(error.message, status: error.exitStatus)
    }
  }

  private static func show(_ lines: [String]) { show(lines.flatMap { Array("\($0)\n".utf8) }) }

  private static func show(_ bytes: [UInt8]) {
    guard Terminal.write(bytes) else { stop("standard output could not be written.", status: 70) }
  }

  private static func boot(_ configuration: Configuration) {
    let machine: Machine
    do throws(MachineError) { machine = try Machine(configuration) } catch { stop(error.message, status: error.exitStatus) }
    for notice in machine.notices { say(notice) }
    let outcome = run(machine)
    Terminal.restore()
    if let problem = machine.takeScreenshot() { say(problem) }
    for line in machine.unseenConsoleTail { say("  | \(line)") }
    if let explanation = outcome.explanation { say(explanation) }
    if let note = machine.keysNote { say(note) }
    if let note = machine.handOverNote { say(note) }
    if let dump = machine.processorDump { say("the processors at the end:\n\(dump)") }
    Program.exit(status: outcome.exitStatus)
  }

  private static func run(_ machine: Machine) -> Outcome {
    do throws(SystemError) {
      _ = try HostThread(name: "signals") { serveSignals(of: machine) }
      if machine.isInteractive, try Terminal.makeRaw() { Terminal.restoreOnFatalSignals() }
    } catch {
      return .failed("the terminal cannot be set up: \(error).")
    }
    return machine.run()
  }

  /// Until one of them ends the run.
  private static func serveSignals(of machine: Machine) {
    var signal = HostSignals.next()
    while signal == HostSignals.picture, machine.hasScreenshot {
      if let problem = machine.takeScreenshot() { say(problem) }
      signal = HostSignals.next()
    }
    machine.end(.interrupted(signal: signal))
  }

  private static func say(_ message: String) { Program.say("swboot: \(message)") }

  private static func stop(_ message: String, status: Int32) -> Never {
    say(message)
    Program.exit(status: status)
  }
}
