/// Registers that are read and written by instructions of their own, most of them in EDX:EAX.
extension Core {
  func requireSystem() throws(Fault) { if cpl != 0 { throw .protection } }

  /// EDX:EAX.
  var pair: UInt64 { self[.rdx] << 32 | self[.rax] & 0xFFFF_FFFF }
  func setPair(_ value: UInt64) { (self[.rax], self[.rdx]) = (value & 0xFFFF_FFFF, value >> 32) }

  /// RDTSC, which the system may keep from users (CR4.TSD).
  func readTimeStamp() throws(Fault) {
    if self[.cr4] & CR4.timeStampDisabled != 0 { try requireSystem() }
    setPair(context.timeStamp)
  }

  /// RDPMC, which the system may leave to users (CR4.PCE).
  func readCounter() throws(Fault) {
    if self[.cr4] & CR4.counters == 0 { try requireSystem() }
    guard PerformanceCounters.exists(UInt32(truncatingIfNeeded: self[.rcx])) else { throw .protection }
    (self[.rax], self[.rdx]) = (0, 0)
  }

  /// RDPKRU, for all privilege levels.
  func readPageKeys() throws(Fault) {
    try requirePageKeys()
    setPair(self[.pkru])
  }

  func writePageKeys() throws(Fault) {
    try requirePageKeys()
    guard UInt32(truncatingIfNeeded: self[.rdx]) == 0 else { throw .protection }
    setPageKeys(UInt32(truncatingIfNeeded: self[.rax]))
  }

  private func requirePageKeys() throws(Fault) {
    guard self[.cr4] & CR4.pageKeys != 0 else { throw .undefined }
    guard UInt32(truncatingIfNeeded: self[.rcx]) == 0 else { throw .protection }
  }

  /// XGETBV.
  func readExtendedControl() throws(Fault) { setPair(try readXCR(UInt32(truncatingIfNeeded: self[.rcx]))) }
  /// XSETBV.
  func writeExtendedControl() throws(Fault) { try writeXCR(UInt32(truncatingIfNeeded: self[.rcx]), pair) }

  /// RDRAND and RDSEED.
  func randomNumber(_ i: Instruction) {
    setRegister(i.rm, context.environment.random(), i.width)
    arithmeticFlags = Flags.cf
  }

  /// VMCALL and VMMCALL: no service is offered, which KVM's guests learn from RAX.
  func hypercall() {
    let noSuchCall: Int64 = -1000
    let notPermitted: Int64 = -1
    let answer = UInt64(bitPattern: cpl == 0 ? noSuchCall : notPermitted)
    self[.rax] = is64Bit ? answer : answer & 0xFFFF_FFFF
  }
}
