/// Flags that only the system may change, and HLT.
extension Core {
  /// CLI.
  func closeInterrupts() throws(Fault) {
    try requireInterruptPrivilege()
    self[.systemFlags] &= ~Flags.interrupts
  }

  /// STI: interrupts come when the next instruction is over.
  func openInterrupts(_ i: Instruction) throws(Fault) {
    try requireInterruptPrivilege()
    guard self[.systemFlags] & Flags.interrupts == 0 else { return }
    self[.systemFlags] |= Flags.interrupts
    self[.shadow] = i.next
    openInterrupts()
    leave(to: i.next)
  }

  private func requireInterruptPrivilege() throws(Fault) {
    if isProtected && cpl > ioPrivilege { throw .protection }
  }

  /// CLAC and STAC.
  func setAccessFlag(_ isSet: Bool) throws(Fault) {
    try requireSystem()
    self[.systemFlags] = isSet ? self[.systemFlags] | Flags.ac : self[.systemFlags] & ~Flags.ac
    selectTranslations()
  }

  func halt(_ i: Instruction) throws(Fault) {
    try requireSystem()
    self[.halted] = 1
    raise(.halt)
    leave(to: i.next)
  }
}
