import Glibc
import Synchronization

@testable import SoftCPU

/// The same code on the host, by the interpreter and by the translator, and what differs.
struct HostComparison {
  let mode: CodeMode
  private let oracle: HostOracle
  let twin: SoftTwin
  private let tiers: TierComparison

  init(_ mode: CodeMode, _ oracle: HostOracle) throws {
    self.mode = mode
    self.oracle = oracle
    let code = mode == .long ? oracle.codeAddress : ShortCodeOracle.codeAddress(mode)
    twin = try SoftTwin(mode, codeAt: code)
    tiers = TierComparison(try SoftTwin(mode, codeAt: code))
  }

  /// What the software processor does otherwise, in words; nil if nothing, or if nobody can judge.
  func difference(_ test: InstructionCase) throws -> String? { test.isUndefined ? nil : try difference(Snippet(test)) }

  func difference(_ snippet: Snippet) throws -> String? {
    try twin.load(snippet.code)
    // A snippet that is not over by now may go round for ever.
    let expected = try twin.run(snippet)
    guard expected.fault != nil else { return nil }
    if let difference = try difference(snippet, expected) { return difference }
    return try tiers.difference(snippet, expected).map { "translated, \($0)" }
  }

  func endsQuietly(_ test: InstructionCase) throws -> Bool {
    try twin.load(test.code)
    return try twin.run(Snippet(test)).fault == SoftTwin.breakpoint
  }

  // MARK: The host

  private func difference(_ snippet: Snippet, _ soft: SoftTwin.End) throws -> String? {
    guard snippet.tests.count < 2 || Self.isHarmless(soft) else { return nil }
    var native = soft
    (native.state, native.memory) = (snippet.state, snippet.memory)
    let fault: OracleFault?
    var address: UInt64
    if mode == .long {
      fault = oracle.run(snippet.code, &native.state, &native.memory, filler: 0xCC)
      address = oracle.faultAddress
    } else {
      (fault, address) = ShortCodeOracle.shared.withLock { $0.run(snippet.code, mode, &native.state, &native.memory, oracle) }
    }
    if mode != .long, ShortCodeOracle.owns(address) { return nil }
    if snippet.tests.contains(where: { MakerDifferences.excuse($0, mode, hasFaulted: fault?.signal != SIGTRAP) }) { return nil }
    let expected = kind(fault)
    if expected == "INT3" { address &-= 1 }
    let actual = kind(soft.fault)
    if expected == "6", snippet.tests.contains(where: { Self.optional.contains($0.operation) }) { return nil }
    if expected != actual {
      if snippet.tests.contains(where: { MakerDifferences.mayTellOther($0, expected, actual) }) { return nil }
      return "fault is \(actual), should be \(expected) at +\(address &- twin.code)"
    }
    if address != soft.address {
      return "RIP is +\(soft.address &- twin.code), should be +\(address &- twin.code) after \(actual)"
    }
    if let register = native.firstOther(soft, but: Self.undefinedTarget(snippet, native.state.flags)) {
      return native.text(of: register, soft, snippet)
    }
    let undefined = expected == "INT3" ? snippet.undefinedFlags : snippet.everUndefinedFlags
    if (native.state.flags ^ soft.state.flags) & ~undefined != 0 { return native.flagsText(soft, snippet) }
    if snippet.hasVectors, let difference = native.vectorDifference(soft) { return difference }
    // A big-endian store across a page end may be half done when it faults, and a vector's.
    if fault?.signal == SIGSEGV, snippet.hasVectors || snippet.tests.contains(where: { $0.operation == .moveBE }) { return nil }
    return native.memoryDifference(soft)
  }

  /// Whether the host may be asked: what the code accesses in vain, nobody has.
  private static func isHarmless(_ end: SoftTwin.End) -> Bool {
    guard let fault = end.fault, fault.vector == 14 else { return true }
    return fault.address < 0x1_0000 || fault.address &- HostOracle.scratch &+ 0x10_0000 < 0x20_0000 || fault.address >= 0x7FFF_FFFF_F000
  }

  /// What a scan of zero leaves is the processor's own affair.
  private static func undefinedTarget(_ snippet: Snippet, _ flags: UInt64) -> Int? {
    guard snippet.tests.count == 1, flags & Flags.zf != 0 else { return nil }
    let operation = snippet.tests[0].operation
    return operation == .scanForward || operation == .scanReverse ? snippet.tests[0].target : nil
  }

  /// What some hosts lack.
  private static let optional: Set<Operation> = [
    .moveBE, .crc32, .lzcnt, .tzcnt, .popcnt, .andn, .blsr, .blsmsk, .blsi, .bextr, .bzhi, .pdep, .pext, .rorx, .mulx, .shlx, .sarx, .shrx, .adcx, .adox,
  ]

  private func kind(_ fault: Fault?) -> String {
    guard let fault else { return "nothing" }
    switch fault.vector {
    case 13 where fault.code == 26: return "INT3"
    case 14: return "PF \(String(fault.address, radix: 16))"
    case 12: return "SS"
    case 5: return "13"
    case 16, 19: return "0"
    default: return "\(fault.vector)"
    }
  }

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
