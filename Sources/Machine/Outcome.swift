public import Reports

/// How a run ended.
public enum Outcome: Equatable, Sendable {
  case poweredOff
  /// The guest wrote to the debug-exit port.
  case exited(code: UInt8)
  /// The guest asked for a reset, and was not to have one.
  case reset
  case panicked
  /// The command that the machine was to run has ended.
  case commandEnded(status: UInt8)
  /// The guest powered off, or reset itself, before that.
  case commandLost
  /// With the registers of the processor.
  case tripleFault(String)
  case halted
  /// A processor spins or waits for ever, and nothing else happens.
  case hung
  /// The guest's own watchdog timer ran out.
  case watchdog
  case timedOut
  /// The user pressed the escape key and x.
  case quit
  case interrupted(signal: Int32)
  /// The same, after the guest has had its time to shut down.
  case unanswered(signal: Int32, seconds: UInt64)
  /// The host or the accelerator let us down.
  case failed(String)
  /// A file or a wish of the user cannot be served.
  case refused(String)

  public var exitStatus: Int32 {
    switch self {
    case .poweredOff, .reset, .quit: 0
    case .exited(let code): Int32(code)
    case .commandEnded(let status): Int32(status)
    case .commandLost: ExitStatus.commandLost
    case .panicked: ExitStatus.panicked
    case .tripleFault: ExitStatus.tripleFault
    case .halted: ExitStatus.halted
    case .hung: ExitStatus.hung
    case .watchdog: ExitStatus.watchdog
    case .timedOut: ExitStatus.timedOut
    case .interrupted(let signal), .unanswered(let signal, _): 128 + signal
    case .failed: ExitStatus.failed
    case .refused: ExitStatus.refused
    }
  }

  public var verdict: Verdict {
    switch self {
    case .poweredOff, .reset, .quit: .passed
    case .exited(let code): code == 1 ? .passed : .failed
    case .commandEnded(let status): status == 0 ? .passed : .failed
    case .commandLost: .lost
    case .panicked: .panic
    case .tripleFault: .tripleFault
    case .halted: .halted
    case .hung: .hang
    case .watchdog: .watchdog
    case .timedOut: .timeout
    case .interrupted, .unanswered: .interrupted
    case .failed: .hostFailure
    case .refused: .refused
    }
  }

  /// The guest has come to the end that it was made for; what its kernel said on the way may still be no success.
  var isInOrder: Bool {
    switch self {
    case .poweredOff, .reset, .exited, .commandEnded: true
    default: false
    }
  }

  /// No processor can do anything more.
  var isStandstill: Bool {
    switch self {
    case .halted, .tripleFault: true
    default: false
    }
  }

  /// What the processors were doing then is worth telling.
  var isHang: Bool { self == .panicked || self == .hung || self == .timedOut || self == .watchdog }

  /// One sentence for the user; nil where the guest ended as it should.
  public var explanation: String? {
    switch self {
    case .poweredOff, .exited, .quit, .commandEnded: nil
    case .commandLost: "the guest powered off or reset itself before the command ended"
    case .reset: "the guest asked for a reset, and --no-reboot ends the run there"
    case .panicked: "the guest's kernel panicked"
    case .tripleFault(let registers): "the guest's processor shut down (triple fault)\n\(registers)"
    case .halted: "every processor of the guest halted with interrupts off"
    case .hung: "the guest does not go on: a processor spins or waits for ever, and nothing else happens (--hang)"
    case .watchdog: "the guest's watchdog timer ran out: nobody in the guest has reset it in time"
    case .timedOut: "the time given by --timeout is over"
    case .interrupted(let signal): "ended by signal \(signal)"
    case .unanswered(let signal, let seconds):
      "ended by signal \(signal): the guest did not shut down within \(seconds) s of its power button (--shutdown-grace)"
    case .failed(let message), .refused(let message): message
    }
  }
}
