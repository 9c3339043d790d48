internal import CLinux

/// What becomes of a file's time.
public enum TimeChange: Equatable, Sendable {
  case keep
  case now
  case to(FileStatus.Time)

  var seconds: Int64 { if case .to(let time) = self { time.seconds } else { 0 } }

  var nanoseconds: Int64 {
    switch self {
    case .keep: Int64(linux_time_kept)
    case .now: Int64(linux_time_now)
    case .to(let time): Int64(time.nanoseconds)
    }
  }
}
