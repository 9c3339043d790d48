internal import Host
internal import Machine

@main struct Main {
  static func main() {
    Program.holdStandardStreams()
    HostSignals.prepare()
    let options: Options
    do throws(UsageError) { options = try Options(Array(CommandLine.arguments.dropFirst())) } catch {
      stop(error.message, status: 2)
    }
    switch options.command {
    case .help: print(help)
    case .doctor: for line in Doctor.report() { print(line) }
    case .machine: for line in MachineMap.report(options.configuration) { print(line) }
    case .boot: boot(options.configuration)
    }
  }

  private static func boot(_ configuration: Configuration) {
    let machine: Machine
    do throws(MachineError) { machine = try Machine(configuration) } catch { stop(error.message, status: error.exitStatus) }
    if let notice = machine.notice { say(notice) }
    let outcome = run(machine)
    Terminal.restore()
    for line in machine.unseenConsoleTail { say("  | \(line)") }
    if let explanation = outcome.explanation { say(explanation) }
    Program.exit(status: outcome.exitStatus)
  }

  private static func run(_ machine: Machine) -> Outcome {
    do throws(SystemError) {
      _ = try HostThread(name: "signals") { machine.end(.interrupted(signal: HostSignals.next())) }
      if machine.isInteractive { try Terminal.makeRaw() }
    } catch {
      return .failed("the terminal cannot be set up: \(error).")
    }
    return machine.run()
  }

  private static func say(_ message: String) { Program.say("swboot: \(message)") }

  private static func stop(_ message: String, status: Int32) -> Never {
    say(message)
    Program.exit(status: status)
  }
}
