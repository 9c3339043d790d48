package import Processor

/// Stops for a debugger. Breakpoints are decoded into the blocks that contain them; while data are watched, the
/// processor goes instruction by instruction, and watched pages have no translation to be found quickly.
extension CoreContext {
  package func setTraps(_ traps: DebugTraps) {
    guard traps != self.traps else { return }
    let isSameCode = traps.breakpoints == self.traps.breakpoints
    self.traps = traps
    core[.watching] = core[.watching] & Core.Watcher.guest | (traps.watchpoints.isEmpty ? 0 : Core.Watcher.debugger)
    core.flushTranslations()
    if !isSameCode { emptyBlockCache() }
  }

  /// The running instruction does what a debugger waits for.
  func trap(_ trap: DebugTrap) {
    if pendingTrap == nil { pendingTrap = trap }
    core.raise(.trap)
  }

  func takeTrap() -> DebugTrap? {
    defer { pendingTrap = nil }
    return pendingTrap
  }

  /// Runs one instruction, or delivers the exception it raises; interrupts wait.
  func step() throws(TripleFault) -> DebugTrap {
    do throws(Fault) { try core.stepExactly() } catch { try core.deliver(error) }
    return takeTrap() ?? .step
  }

  func watches(page address: UInt64) -> Bool {
    traps.watchpoints.contains { $0.address >> 12 == address >> 12 || ($0.address &+ $0.count &- 1) >> 12 == address >> 12 }
  }

  /// A data access that found no quick translation.
  func note(_ address: UInt64, _ count: Int, write: Bool) {
    if core[.watching] & Core.Watcher.guest != 0 { core.noteBreakpoints(address, count, write: write) }
    let hit = traps.watchpoints.first {
      (write ? $0.writes : $0.reads) && address < $0.address &+ $0.count && $0.address < address &+ UInt64(count)
    }
    if let hit { trap(.watchpoint(hit)) }
  }
}
