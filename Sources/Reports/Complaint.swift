/// What a Linux kernel says of itself when something in it is wrong.
public struct Complaint: Equatable, Sendable {
  /// The first line that says what it is, without its time.
  public var title: String
  public let kind: Kind
  /// Seconds since the kernel's start, where it writes them.
  public let time: Double?
  /// All that belongs to it, the title among it.
  public var lines: [String]

  public init(title: String, kind: Kind, time: Double?, lines: [String]) {
    self.title = title
    self.kind = kind
    self.time = time
    self.lines = lines
  }

  public enum Kind: String, Sendable, CaseIterable {
    case bug, oops, warning, kasan, kfence, kmsan, kcsan, ubsan, lockdep
    case rcuStall = "rcu-stall"
    case hungTask = "hung-task"
    case softLockup = "soft-lockup"
    case hardLockup = "hard-lockup"
    case oomKill = "oom-kill"
    case noRoot = "no-root"
    case panic

    /// As a sentence has it.
    public var words: String {
      switch self {
      case .bug: "a bug"
      case .oops: "an oops"
      case .warning: "a warning"
      case .kasan, .kfence, .kmsan, .kcsan, .ubsan: "an error found by \(rawValue.uppercased())"
      case .lockdep: "locks in a wrong order or state"
      case .rcuStall: "an RCU stall"
      case .hungTask: "a hung task"
      case .softLockup: "a soft lockup"
      case .hardLockup: "a hard lockup"
      case .oomKill: "that memory ran out"
      case .noRoot: "that it cannot mount its root"
      case .panic: "a panic"
      }
    }

    /// Those that one word of `--fail-on` means; none if there is no such word.
    public static func named(_ word: String) -> Set<Kind> {
      switch word {
      case "oops": [.bug, .oops, .kasan, .kfence, .kmsan]
      case "stall": [.rcuStall, .hungTask, .softLockup, .hardLockup]
      case "panic": [.panic, .noRoot]
      case "sanitizer": [.kasan, .kfence, .kmsan, .kcsan, .ubsan]
      case "all": Set(allCases)
      default: Kind(rawValue: word).map { [$0] } ?? []
      }
    }

    /// Every word that means something.
    public static let names = ["all", "sanitizer", "stall"] + allCases.map(\.rawValue)
    /// What makes a run fail unless the user says otherwise.
    public static let serious = named("oops").union(named("stall")).union(named("panic"))
  }
}
