internal import Host
internal import Machine
internal import Options
internal import Run

@main struct Main {
  static func main() {
    let start = HostClock.nanoseconds()
    Program.holdStandardStreams()
    Program.returnLargeArrays()
    Program.shareHeap()
    let options: Options
    do throws(UsageError) { options = try Options(Program.arguments) } catch {
      RunEnding(report: error.report, startedAt: start).end(RunReport(.refused(error.message)))
    }
    switch options.command {
    case .help: show([Help.text])
    case .version: show(["swboot \(Program.version)"])
    case .manual: show(Array(ManualPage.text(version: Program.version).utf8))
    case .completion(let shell): show(Array(shell.completion.utf8))
    case .doctor: show(Doctor.report())
    case .machine: describe(options.configuration)
    case .test: TestCommand(options.test).run(startedAt: start)
    case .report: TestCommand(options.test).merge(options.operands)
    case .boot: GuestRun(options.configuration, startedAt: start).waitForEnd()
    case .run:
      // The guest opens files of this host.
      Program.allowDescriptors()
      let request = options.run
      GuestRun(options.configuration, startedAt: start) { (wishes) throws(MachineError) in try request.machine(wishes) }.waitForEnd()
    }
  }

  private static func describe(_ configuration: Configuration) {
    do throws(MachineError) {
      guard let path = configuration.deviceTree else { return show(try MachineMap.report(configuration)) }
      let tree = try MachineMap.tree(configuration)
      if path == "-" { return show(tree) }
      let file: OutputFile
      do throws(FileError) { file = try OutputFile(path: path) } catch { Program.stop(error.description) }
      guard file.write(tree[...]) else { Program.stop("\(path): the device tree could not be written.", status: ExitStatus.failed) }
    } catch {
      Program.stop(error.message, status: error.exitStatus)
    }
  }

  private static func show(_ lines: [String]) { show(lines.flatMap { Array("\($0)\n".utf8) }) }

  private static func show(_ bytes: [UInt8]) {
    guard OutputFile.standardOutput.write(bytes[...]) else { Program.stop("standard output could not be written.", status: ExitStatus.failed) }
  }
}
