import Glibc

/// How another program behaved until its end: what it took, and what ended it.
public struct WatchedProcess: Sendable {
  public enum End: Equatable, Sendable {
    case exited(status: Int32)
    case signal(Int32)
    /// It was still there when nobody wanted to wait any longer, and was killed.
    case killed
  }

  public let end: End
  public let seconds: Double
  /// The most memory that it was seen to have at once, in KiB; nil if it was over too soon to be seen, and stayed below what
  /// we have ourselves.
  public let peakMemory: Int?
  public let errors: String

  /// Runs it with nothing to read; what it says on standard output is lost.
  ///
  /// - Parameter patience: seconds after which it is killed.
  public init?(_ program: String, _ arguments: [String], patience: Double) {
    let errorLog = TemporaryFile()
    let start = Self.now
    guard let child = ChildProcess.launch(program, arguments, [(.null, ""), (.null, ""), (.captured, errorLog.path)]) else { return nil }
    // What a program that has not been loaded yet counts as its own is its parent's, as it is by now.
    var ours = rusage()
    unsafe getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &ours)
    var (status, usage): (Int32, rusage) = (0, rusage())
    var (isKilled, seen) = (false, 0)
    while unsafe wait4(child, &status, isKilled ? 0 : WNOHANG, &usage) == 0 {
      if Self.now - start > patience {
        kill(child, SIGKILL)
        isKilled = true
      } else {
        seen = max(seen, Self.peak(of: child))
        usleep(2000)
      }
    }
    seconds = Self.now - start
    let signal = status & 0x7F
    end = isKilled ? .killed : signal == 0 ? .exited(status: status >> 8 & 0xFF) : .signal(signal)
    let told = usage.ru_maxrss > ours.ru_maxrss ? usage.ru_maxrss : 0
    peakMemory = max(told, seen) > 0 ? max(told, seen) : nil
    errors = errorLog.text
  }

  /// What the system says of a process that runs, in KiB; zero if it does not any more.
  private static func peak(of process: pid_t) -> Int {
    let text = String(decoding: TemporaryFile.contents(of: "/proc/\(process)/status"), as: UTF8.self)
    guard let line = text.split(separator: "\n").first(where: { $0.hasPrefix("VmHWM:") }) else { return 0 }
    return line.split(whereSeparator: { $0 == " " || $0 == "\t" }).compactMap { Int($0) }.first ?? 0
  }

  private static var now: Double {
    var time = timespec()
    unsafe clock_gettime(CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
  }
}
