/// What a run did when, from the start of swboot to its end. Times are seconds since that start.
public struct Timeline: Sendable {
  /// A part of the run, one after the other.
  public enum Phase: String, CaseIterable, Sendable {
    case start = "swboot opens files and makes the machine"
    case loading = "kernel or firmware is put in memory"
    case before = "firmware, or code before the kernel"
    case kernel = "the kernel starts"
    case initcalls = "its initcalls"
    case initialization = "first process"
    case command = "the command"
    case end = "the end: all that was written is stored"
  }

  /// What had been used when a phase began.
  public struct Use: Equatable, Sendable {
    public var seconds: Double
    /// Of the host, on all its processors.
    public var processorSeconds: Double
    /// How often the guest had reached a device.
    public var accesses: Int

    public init(seconds: Double, processorSeconds: Double, accesses: Int) {
      (self.seconds, self.processorSeconds, self.accesses) = (seconds, processorSeconds, accesses)
    }
  }

  /// Something that took a while.
  public struct Span: Equatable, Sendable {
    public let name: String
    public let start: Double
    public internal(set) var end: Double
  }

  static let mostSpans = 4096
  static let mostPhases = 256

  public private(set) var phases: [(phase: Phase, from: Use)] = []
  /// What happened once, such as the first words on the console.
  public private(set) var marks: [(name: String, seconds: Double)] = []
  public private(set) var initcalls: [Span] = []
  private var exactInitcalls: [Span] = []
  public private(set) var end: Use

  public init(from start: Use) {
    end = start
    phases = [(.start, start)]
  }

  // MARK: Noting

  /// Whether this phase comes after what was there last.
  public func isNew(_ phase: Phase) -> Bool {
    guard let last = phases.last?.phase, let old = Phase.allCases.firstIndex(of: last), let new = Phase.allCases.firstIndex(of: phase) else { return true }
    return new > old
  }

  public mutating func enter(_ phase: Phase, with use: Use) {
    if isNew(phase), phases.count < Self.mostPhases { phases.append((phase, use)) }
  }

  /// The kernel still executes them: a program that ran before was a helper of its own, and not the first process.
  public mutating func staysAtInitcalls() { if phases.last?.phase == .initialization { phases.removeLast() } }

  /// The guest begins anew.
  public mutating func restart(with use: Use) {
    mark("the guest resets itself", at: use.seconds)
    if phases.count < Self.mostPhases { phases.append((.loading, use)) }
  }

  /// Notes the first time that something happens.
  public mutating func mark(_ name: String, at seconds: Double) {
    if !marks.contains(where: { $0.name == name }) { marks.append((name, seconds)) }
  }

  /// An initcall was seen at work. What is seen twice without another in between took at least so long.
  public mutating func sees(initcall name: String, at seconds: Double) {
    if initcalls.last?.name == name {
      initcalls[initcalls.count - 1].end = seconds
    } else if initcalls.count < Self.mostSpans {
      initcalls.append(Span(name: name, start: seconds, end: seconds))
    }
  }

  /// The kernel itself has told how long an initcall took (initcall_debug).
  public mutating func ended(initcall name: String, after duration: Double, at seconds: Double) {
    if exactInitcalls.count < Self.mostSpans { exactInitcalls.append(Span(name: name, start: max(seconds - duration, 0), end: seconds)) }
  }

  public mutating func finish(with use: Use) { end = use }

  // MARK: For readers

  /// Each phase with what was used in it.
  public var parts: [(phase: Phase, start: Double, used: Use)] {
    zip(phases, phases.dropFirst().map(\.from) + [end]).map { begun, next in
      let from = begun.from
      return (
        begun.phase, from.seconds,
        Use(seconds: next.seconds - from.seconds, processorSeconds: next.processorSeconds - from.processorSeconds, accesses: next.accesses - from.accesses)
      )
    }
  }

  /// Those initcalls that took longest, in their order: as the kernel has told, or else as they were seen.
  public func longestInitcalls(_ count: Int) -> [Span] {
    let all = exactInitcalls.isEmpty ? initcalls : exactInitcalls
    return all.sorted { ($0.end - $0.start) > ($1.end - $1.start) }.prefix(count).sorted { $0.start < $1.start }
  }

  /// REPORTS.md tells what each member means.
  public func json(title: String) -> JSON {
    .members(
      ("schema", .string(ReportSchema.timeline)),
      ("command", .string(title)),
      (
        "phases",
        .array(
          parts.map { part in
            .members(
              ("name", .string(part.phase.rawValue)), ("start", .seconds(part.start)), ("seconds", .seconds(part.used.seconds)),
              ("cpu", .seconds(part.used.processorSeconds)), ("accesses", .integer(part.used.accesses)))
          })
      ),
      ("marks", .array(marks.map { .members(("name", .string($0.name)), ("at", .seconds($0.seconds))) })),
      (
        "initcalls",
        .array(longestInitcalls(Self.mostSpans).map { .members(("name", .string($0.name)), ("start", .seconds($0.start)), ("end", .seconds($0.end))) })
      ),
      ("end", .seconds(end.seconds)))
  }
}
