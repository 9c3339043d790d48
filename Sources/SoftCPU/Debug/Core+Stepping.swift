/// Instruction by instruction: what TF and the debug registers make of each.
extension Core {
  /// One instruction; #DB before it if a breakpoint is there, or after it for the data it touched and for TF.
  @inline(never) func stepExactly() throws(Fault) {
    let start = self[.rip]
    let isShadowed = self[.trapShadow] == start
    self[.trapShadow] = .max
    if !isShadowed { self[.debugReasons] = 0 }
    if self[.watching] & Watcher.guest != 0 {
      // Also after MOV SS, where Intel's processors look at no breakpoint: then with what that one held back.
      let hits = self[.systemFlags] & Flags.rf != 0 ? 0 : executionHits
      if hits != 0 { throw debug(hits | self[.debugReasons]) }
      self[.systemFlags] &= ~Flags.rf
    }
    let wasTraced = self[.systemFlags] & Flags.tf != 0
    let operation: Operation
    do { operation = try step() } catch {
      self[.debugReasons] = 0
      throw error
    }
    // The rest of a repeated instruction is no new one.
    if wasTraced || self[.watching] & Watcher.guest != 0, self[.rip] == start, operation.traits.contains(.isString) { self[.systemFlags] |= Flags.rf }
    if self[.trapShadow] == self[.rip] { return }
    if isTraced(after: operation, wasTraced) {
      self[.debugReasons] |= DebugStatus.step
      self[.halted] = 0
    }
    try raiseDebugReasons()
  }

  /// Whether TF traps after an instruction. What calls a handler takes TF away, which its caller had; for SYSCALL and
  /// SYSRET the new flags count, for all others the old ones.
  private func isTraced(after operation: Operation, _ wasTraced: Bool) -> Bool {
    let isNow = self[.systemFlags] & Flags.tf != 0
    return switch operation {
    case .softwareInterrupt, .interrupt3, .interrupt1, .into: wasTraced && isNow
    case .syscall, .sysret: isNow
    default: wasTraced
    }
  }

  /// #DB for all that waits, unless MOV SS holds it back.
  func raiseDebugReasons() throws(Fault) {
    if self[.debugReasons] != 0, self[.trapShadow] != self[.rip] { throw debug(self[.debugReasons]) }
  }

  /// SYSCALL or SYSRET has set TF, which traps at once.
  func traceSystemCall() {
    guard self[.systemFlags] & Flags.tf != 0 else { return }
    self[.debugReasons] |= DebugStatus.step
    raise(.trap)
  }

  private func debug(_ reasons: UInt64) -> Fault {
    recordDebugReasons(reasons)
    return .debug
  }

  /// Tells the handler of #DB in DR6, and forgets what waits.
  func recordDebugReasons(_ reasons: UInt64) {
    self[.dr6] = self[.dr6] & ~DebugStatus.breakpoints | reasons
    self[.debugReasons] = 0
  }
}
