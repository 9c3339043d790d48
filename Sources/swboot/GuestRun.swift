internal import Host
internal import Machine
internal import Synchronization

/// One run of a guest, for the user at the command line.
///
/// One thread makes and keeps the machine. Another has KVM do what takes it time meanwhile, and then does nothing but wait: for the run's
/// report, for signals and for the time when the run has to be over. So whatever hangs, a loader, a disk or the reader of a pipe, hangs
/// elsewhere. Which of the two is the main thread depends on where it runs.
struct GuestRun {
  /// From the user's wishes to a machine, for which files may have to be read.
  typealias Preparation = @Sendable (Configuration) throws(MachineError) -> Configuration

  private let configuration: Configuration
  private let ending: RunEnding
  private let prepare: Preparation
  private let accelerator: Accelerator
  private let control: RunControl
  private let progress = Progress()

  private final class Progress: Sendable {
    /// Nil while its files are being opened.
    let machine = Mutex<Machine?>(nil)
    let report = Mutex<RunReport?>(nil)
  }

  init(_ configuration: Configuration, startedAt start: UInt64, prepare: @escaping Preparation = { $0 }) {
    self.configuration = configuration
    self.prepare = prepare
    ending = RunEnding(configuration, startedAt: start)
    accelerator = Accelerator(configuration)
    HostSignals.prepare()
    control = RunControl(configuration, startedAt: start) { HostSignals.wake() }
  }

  /// Ends the program.
  func waitForEnd() -> Never {
    let takesTime = accelerator.takesTime
    do throws(SystemError) {
      // Whoever gives KVM memory waits for a worker that its host has on the first processor only: a long call of KVM does not belong there.
      if takesTime, HostThread.isOnFirstProcessor, HostThread.areAlone(1) {
        let attendant = try HostThread(name: "attendant", staysElsewhere: true) { [self] in
          prepareAccelerator()
          attend()
        }
        keepMachine()
        // It never returns.
        while true { attendant.join() }
      }
      let thread = try HostThread(name: "machine", staysElsewhere: takesTime) { [self] in keepMachine() }
      if takesTime {
        prepareAccelerator()
        // On a busy host it would wait for its turn there again and again, while this processor is free from now on.
        if !HostThread.areAlone(2) { thread.comeHere() }
      }
    } catch {
      ending.end(RunReport(.failed("a thread for the machine cannot be made (\(error)).")))
    }
    attend()
  }

  /// Beside the thread that makes the machine.
  private func prepareAccelerator() {
    HostThread.stayHere()
    accelerator.prepare()
    HostThread.runAnywhere()
  }

  /// Ends the program.
  private func attend() -> Never {
    while true {
      if let report = progress.report.withLock({ $0 }) { ending.end(report) }
      if let outcome = control.overdueOutcome { ending.end(overdueReport(outcome)) }
      switch HostSignals.next(until: control.deadline) {
      case HostSignals.shutdown: control.shutDown(signal: HostSignals.shutdown)
      case HostSignals.window: progress.machine.withLock { $0 }?.windowChanged()
      case HostSignals.picture: control.takePicture()
      case .some(let signal): control.end(.interrupted(signal: signal))
      case nil: break
      }
    }
  }

  // MARK: The machine's thread

  private func keepMachine() {
    let report: RunReport
    do throws(MachineError) {
      let machine = try makeMachine(prepare(configuration))
      progress.machine.withLock { $0 = machine }
      report = machine.run { notices throws(MachineError) in
        for notice in notices { Program.say(notice) }
        try takeTerminal(of: machine)
      }
    } catch {
      report = RunReport(error)
    }
    progress.report.withLock { $0 = report }
    HostSignals.wake()
  }

  /// Beside the thread that prepares the accelerator, if that takes time.
  private func makeMachine(_ wishes: Configuration) throws(MachineError) -> Machine {
    if accelerator.takesTime { HostThread.stayHere() }
    defer { HostThread.runAnywhere() }
    return try Machine(wishes, on: accelerator, control: control)
  }

  private func takeTerminal(of machine: Machine) throws(MachineError) {
    guard machine.isInteractive else { return }
    do throws(SystemError) { if try Terminal.makeRaw(endsLines: machine.wantsLinesEnded) { Terminal.restoreOnFaults() } } catch {
      throw MachineError("the terminal cannot be set up (\(error)).")
    }
    machine.windowChanged()
  }

  // MARK: The end

  private func overdueReport(_ outcome: Outcome) -> RunReport {
    guard let machine = progress.machine.withLock({ $0 }) else {
      var report = RunReport(outcome)
      report.notes = ["the files of the machine were still being opened."]
      return report
    }
    return machine.overdueReport(outcome)
  }
}
