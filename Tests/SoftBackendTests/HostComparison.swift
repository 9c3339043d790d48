import Glibc
import Synchronization

@testable import SoftBackend

/// One instruction at a time on the host and on its twin, and what differs.
struct HostComparison {
  let mode: CodeMode
  private let oracle: HostOracle
  let twin: SoftTwin

  init(_ mode: CodeMode, _ oracle: HostOracle) throws {
    self.mode = mode
    self.oracle = oracle
    twin = try SoftTwin(mode, codeAt: mode == .long ? oracle.codeAddress : ShortCodeOracle.codeAddress(mode))
  }

  /// What the software processor does otherwise, in words; nil if nothing, or if the host is no judge.
  func difference(_ test: InstructionCase) throws -> String? {
    if test.isUndefined { return nil }
    var (native, soft) = (test.state, test.state)
    var (nativeMemory, softMemory) = (test.memory, test.memory)
    let fault: OracleFault?
    var address: UInt64
    if mode == .long {
      fault = oracle.run(test.code, &native, &nativeMemory, filler: 0xCC)
      address = oracle.faultAddress
    } else {
      (fault, address) = ShortCodeOracle.shared.withLock { $0.run(test.code, mode, &native, &nativeMemory, oracle) }
    }
    let outcome = try twin.run(test.code, &soft, &softMemory)
    if mode != .long, ShortCodeOracle.owns(address) { return nil }
    if MakerDifferences.excuse(test, mode, hasFaulted: fault?.signal != SIGTRAP) { return nil }
    let expected = kind(fault)
    if expected == "INT3" { address &-= 1 }
    let actual = outcome.fault.map { $0.vector == 13 && $0.code == 26 ? "INT3" : $0.vector == 14 ? "PF \(String($0.address, radix: 16))" : $0.vector == 12 ? "SS" : $0.vector == 5 ? "13" : "\($0.vector)" } ?? "nothing"
    if expected == "6", Self.optional.contains(test.operation) { return nil }
    if expected != actual, MakerDifferences.mayTellOther(test, expected, actual) { return nil }
    if expected != actual { return "fault is \(actual), should be \(expected) at +\(address &- twin.code)" }
    if address != outcome.address {
      return "RIP is +\(outcome.address &- twin.code), should be +\(address &- twin.code) after \(actual)"
    }
    for k in 0..<16 where native.registers[k] != soft.registers[k] {
      if k == test.target, test.operation == .scanForward || test.operation == .scanReverse, native.flags & Flags.zf != 0 { continue }
      return "register \(k) is \(String(soft.registers[k], radix: 16)), should be \(String(native.registers[k], radix: 16)), was \(String(test.state.registers[k], radix: 16))"
    }
    let flags = (native.flags ^ soft.flags) & ~test.undefinedFlags
    if flags != 0 { return "flags are \(String(soft.flags, radix: 16)), should be \(String(native.flags, radix: 16)), were \(String(test.state.flags, radix: 16)), width \(test.width)" }
    // A big-endian store across a page end may be half done when it faults.
    if test.operation == .moveBE, fault?.signal == SIGSEGV { return nil }
    if nativeMemory != softMemory, let place = nativeMemory.indices.first(where: { nativeMemory[$0] != softMemory[$0] }) {
      return "memory at +\(String(place, radix: 16)) is \(softMemory[place]), should be \(nativeMemory[place])"
    }
    return nil
  }

  /// What some hosts lack.
  private static let optional: Set<Operation> = [
    .moveBE, .crc32, .lzcnt, .tzcnt, .popcnt, .andn, .lowestBit, .bextr, .bzhi, .pdep, .pext, .rorx, .mulx, .shiftx, .adcx, .adox,
  ]

  private func kind(_ fault: OracleFault?) -> String {
    guard let fault else { return "nothing" }
    switch fault.signal {
    // A single step, or INT3.
    case SIGTRAP: return fault.code == 2 ? "1" : "INT3"
    case SIGFPE: return "0"
    case SIGILL: return "6"
    case SIGBUS: return fault.code == 1 ? "17" : "SS"
    default: return fault.code == 128 ? "13" : "PF \(String(fault.address, radix: 16))"
    }
  }
}
