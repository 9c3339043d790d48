/// Where a debugger wants a processor to stop.
public struct DebugTraps: Equatable, Sendable {
  public struct Watchpoint: Hashable, Sendable {
    /// Linear.
    public var address: UInt64
    /// 1 to 8 bytes that do not cross an aligned quadword.
    public var count: UInt64
    public var reads: Bool
    public var writes: Bool
    public init(address: UInt64, count: UInt64, reads: Bool, writes: Bool) {
      self.address = address
      self.count = count
      self.reads = reads
      self.writes = writes
    }
  }

  /// After one instruction.
  public var isStepping = false
  /// Before the instruction at any of these linear addresses.
  public var breakpoints: Set<UInt64> = []
  public var watchpoints: Set<Watchpoint> = []

  public init() {}
}

/// What a processor stopped at for a debugger.
public enum DebugTrap: Equatable, Sendable {
  case step
  case breakpoint
  case watchpoint(DebugTraps.Watchpoint)
}
