internal import Host
public import Reports

/// The report for programs. REPORTS.md tells what each member means.
extension RunReport {
  /// - Parameters:
  ///   - arguments: how swboot was called.
  ///   - seconds: how long the run took.
  public func json(arguments: [String], seconds: Double) -> JSON {
    .members(
      ("schema", .string(ReportSchema.run)),
      ("swboot", .string(Program.version)),
      ("verdict", .string(verdict.rawValue)),
      ("status", .integer(Int(exitStatus))),
      ("command_status", commandStatus),
      ("reason", .optional(reason)),
      ("notes", .strings(notes)),
      ("arguments", .strings(arguments)),
      ("kernel", kernel),
      ("accelerator", accelerator),
      ("seconds", times(wall: seconds)),
      ("exits", .object((machine?.exits ?? [:]).sorted { $0.key < $1.key }.map { JSON.Member($0.key, .integer($0.value)) })),
      ("accesses", .object((machine?.accesses ?? []).map { JSON.Member($0.device, .integer($0.count)) })),
      ("complaints", .array((machine?.log.complaints ?? []).map(\.json))),
      ("complaint_counts", .object(counts)),
      ("console", .strings(machine?.console ?? [])),
      ("processors", .optional(processors)))
  }

  private var commandStatus: JSON { if case .commandEnded(let status) = outcome { .integer(Int(status)) } else { .null } }

  private var kernel: JSON {
    guard let machine, let file = machine.configuration.kernel else { return .null }
    return .members(
      ("file", .string(file)), ("release", .optional(machine.kernelRelease)), ("command_line", .string(machine.configuration.commandLine)))
  }

  private var accelerator: JSON {
    guard let machine else { return .null }
    return .members(("name", .string(machine.accelerator)), ("reason", .optional(machine.acceleratorReason)))
  }

  private func times(wall: Double) -> JSON {
    .members(
      ("wall", .seconds(wall)), ("cpu", .seconds(Double(HostClock.nanosecondsOfWork()) / 1e9)), ("guest", .seconds(machine?.guestSeconds)))
  }

  private var counts: [JSON.Member] {
    let counts = machine?.log.counts ?? [:]
    return Complaint.Kind.allCases.compactMap { kind in counts[kind].map { JSON.Member(kind.rawValue, .integer($0)) } }
  }
}
