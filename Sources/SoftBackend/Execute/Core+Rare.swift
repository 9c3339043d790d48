/// Instructions that hardly any program contains.
extension Core {
  @inline(never) func executeLegacy(_ i: Instruction) throws(Fault) {
    switch i.operation {
    case .decimalAdjust: decimalAdjust(subtracting: i.opcode == 0x2F)
    case .asciiAdjust: try asciiAdjust(i)
    case .salc: setALFromCarry()
    case .pushAll: try pushAll(i)
    case .popAll: try popAll(i)
    case .bound: try checkBounds(i)
    case .loadFar: try loadFarPointer(i)
    case .arpl: try adjustPrivilege(i)
    case .loadAccessRights, .loadLimit: try inspectDescriptor(i)
    case .verifySegment: try verifySegment(i)
    case .sysenter: try systemEnter()
    case .sysexit: try systemExit(i)
    case .random: randomNumber(i)
    case .rdpid: self[register: Int(i.rm)] = self[.tscAux] & 0xFFFF_FFFF
    case .rdpmc: try readCounter()
    case .rdpkru, .wrpkru: try accessPageKeys(i)
    case .hypercall: hypercall()
    default: throw .undefined
    }
  }

  /// RDRAND and RDSEED.
  private func randomNumber(_ i: Instruction) {
    setRegister(i.rm, processor.backend.random(), i.width)
    arithmeticFlags = Flags.cf
  }

  /// RDPMC, which the system may leave to users (CR4.PCE).
  private func readCounter() throws(Fault) {
    if self[.cr4] & 1 << 8 == 0 { try requireSystem() }
    guard PerformanceCounters.exists(UInt32(truncatingIfNeeded: self[.rcx])) else { throw .protection }
    (self[.rax], self[.rdx]) = (0, 0)
  }

  /// RDPKRU and WRPKRU, for all privilege levels.
  private func accessPageKeys(_ i: Instruction) throws(Fault) {
    guard self[.cr4] & Self.pageKeys != 0 else { throw .undefined }
    guard UInt32(truncatingIfNeeded: self[.rcx]) == 0 else { throw .protection }
    if i.operation == .rdpkru { return (self[.rax], self[.rdx]) = (self[.pkru], 0) }
    guard UInt32(truncatingIfNeeded: self[.rdx]) == 0 else { throw .protection }
    setPageKeys(UInt32(truncatingIfNeeded: self[.rax]))
  }

  /// VMCALL and VMMCALL: no service is offered, which KVM's guests learn from RAX.
  private func hypercall() {
    let noSuchCall: Int64 = -1000
    let notPermitted: Int64 = -1
    let answer = UInt64(bitPattern: cpl == 0 ? noSuchCall : notPermitted)
    self[.rax] = is64Bit ? answer : answer & 0xFFFF_FFFF
  }
}
