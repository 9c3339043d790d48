internal import Host

extension Configuration {
  /// A command on a kernel is a test, more often than not, and nobody looks at it.
  private static let hangOfCommands = 30.0

  /// What notices that the guest does not go on, from now; nil if nothing does.
  var hangWatch: HangWatch? {
    // Where a debugger lets the guest stand still, or time is counted, nobody can tell.
    guard debugger == nil, seed == nil else { return nil }
    let seconds = hang ?? (command == nil ? 0 : Self.hangOfCommands)
    guard seconds > 0 else { return nil }
    return HangWatch(limit: HostClock.nanoseconds(seconds: seconds), processors: processors, at: HostClock.nanoseconds())
  }
}
