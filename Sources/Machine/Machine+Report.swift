internal import Boot
internal import Host
internal import Primitives
internal import Processor
internal import Reports
internal import Synchronization

/// What a run has to tell.
extension Machine {
  /// - Parameter problems: what the host could not do for the guest at its end.
  func report(_ outcome: Outcome, problems: [String]) -> RunReport {
    report(outcome, problems: problems, processors: standing.withLock { $0.processors }, words: resources.console.words(mayWait: true))
  }

  /// Notes what can be told only when the processors stand still.
  func takeStock(of power: Chassis.Power) {
    chassis.tracer?.undefined(power.backend.undefinedInstructions)
    chassis.tracer?.translated(power.backend.translationReport)
    if let problem = writePerfMap(power) { Program.say(problem) }
    takeCoverage(power)
    if configuration.report != nil { exits.add(power.backend.exits) }
    handedOver.add(power.backend.handedOver)
  }

  private var releaseOfFile: String? {
    guard let kernel = configuration.kernel, let file = try? resources.files.file(kernel) else { return nil }
    return (try? KernelFacts(of: file))?.release
  }

  /// What there is to tell of a run that has to be over before it has come to its end.
  public func overdueReport(_ outcome: Outcome) -> RunReport {
    let standing = standing.withLock { $0 }
    return report(
      outcome, problems: [standing.business].compactMap(\.self), processors: standing.processors, words: resources.console.words(mayWait: false))
  }

  private func report(_ outcome: Outcome, problems: [String], processors: String?, words: Console.Words) -> RunReport {
    var report = RunReport(outcome)
    let lackNote = configuration.command?.note(outcome, hasBegun: chassis.streams?.hasBegun == true)
    report.notes = problems + [lackNote, keysNote, handOverNote].compactMap(\.self) + lossNotes
    report.processors = processors
    if configuration.profile != nil { report.profile = chassis.sampler?.seen }
    report.timeline = chassis.timeline?.timeline
    report.coverage = coverage.withLock { $0 }
    if outcome.isInOrder { report.failure = words.log.complaints.first { (configuration.failures ?? Complaint.Kind.serious).contains($0.kind) } }
    if report.reason != nil { report.consoleTail = words.unseenTail(lines: configuration.command == nil ? 20 : 60) }
    // Only a report for programs tells of the machine.
    if configuration.report != nil {
      report.machine = MachineFacts(
        configuration: configuration, accelerator: accelerator.name, acceleratorReason: accelerator.notice,
        kernelRelease: words.log.release ?? releaseOfFile, guestSeconds: Double(chassis.now.nanoseconds) / 1e9, exits: exits.counts, accesses: chassis.accesses?.list ?? [],
        log: words.log, console: words.tail(lines: 100))
    }
    return report
  }

  /// Which instructions KVM failed and the software processor executed; nil if none.
  private var handOverNote: String? {
    let counts = handedOver.counts.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
    guard !counts.isEmpty else { return nil }
    let list = counts.prefix(8).map { "\($0.key) (\($0.value))" } + (counts.count > 8 ? ["others"] : [])
    return "KVM failed instructions that the software CPU then executed: \(list.joined(separator: ", "))."
  }

  /// How far a script of keys came, if it did not come to its end.
  private var keysNote: String? { keys?.note }

  /// What the guest has said and nobody has read.
  private var lossNotes: [String] {
    [("console", resources.console.output), ("debug console", resources.debugConsole), ("trace", resources.trace)].compactMap { name, output in
      guard let stream = output?.stream, stream.lostCount > 0 else { return nil }
      return "\(stream.lostCount) bytes of the \(name) were lost: \(stream.name) did not take them in time."
    }
  }
}
