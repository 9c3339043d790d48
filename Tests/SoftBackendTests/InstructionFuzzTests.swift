import Glibc
import Synchronization
import Testing

@testable import SoftBackend

/// Every integer instruction against the host's own processor.
@Suite(.serialized) struct InstructionFuzz {
  @Test("the software processor does what the host does, instruction by instruction")
  func likeTheHost() throws {
    let seconds = number("FUZZ_SECONDS")
    let outcome = try HostOracle.shared.withLock { oracle in
      try compare(oracle, seed: number("FUZZ_SEED") ?? 1, cases: seconds == nil ? 20_000 : .max, seconds: seconds ?? .max)
    }
    if seconds != nil { print("fuzz-cpu: \(outcome.cases) cases, \(outcome.differences.count) differences") }
    for difference in outcome.differences { Issue.record("\(difference)") }
  }

  private func number(_ name: String) -> UInt64? {
    guard let text = unsafe getenv(name) else { return nil }
    return unsafe UInt64(String(cString: text))
  }

  private func compare(_ oracle: HostOracle, seed: UInt64, cases: UInt64, seconds: UInt64) throws -> (cases: UInt64, differences: [String]) {
    let twin = try SoftTwin(codeAt: oracle.codeAddress)
    var generator = InstructionGenerator(seed: seed, codeAt: oracle.codeAddress)
    var differences: [String] = []
    var seen: Set<String> = []
    var done: UInt64 = 0
    let start = time(nil)
    while done < cases, differences.count < 60 {
      if seconds != .max, done % 1024 == 0, time(nil) - start >= Int(clamping: seconds) { break }
      let test = generator.next()
      done += 1
      guard let difference = try compare(oracle, twin, test) else { continue }
      // One of each kind is enough to begin with.
      if seen.insert("\(test.operation) \(difference.prefix(8))").inserted {
        differences.append("case \(done): \(test.operation) \(hex(test.code)): \(difference)")
      }
    }
    return (done, differences)
  }

  private func hex(_ bytes: [UInt8]) -> String { bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined(separator: " ") }

  private func compare(_ oracle: HostOracle, _ twin: SoftTwin, _ test: InstructionCase) throws -> String? {
    if test.isUndefined { return nil }
    var (native, soft) = (test.state, test.state)
    var (nativeMemory, softMemory) = (test.memory, test.memory)
    let fault = oracle.run(test.code, &native, &nativeMemory, filler: 0xCC)
    var address = oracle.faultAddress
    let outcome = try twin.run(test.code, &soft, &softMemory)
    let expected = kind(fault)
    if fault?.signal == SIGTRAP { address &-= 1 }
    let actual = outcome.fault.map { $0.vector == 13 && $0.code == 26 ? "INT3" : $0.vector == 14 ? "PF \(String($0.address, radix: 16))" : $0.vector == 12 || $0.vector == 17 ? "SS" : "\($0.vector)" } ?? "nothing"
    // A jump to an address that is not canonical: Intel's processors fault before it, AMD's and this one after it.
    if expected == "13", actual == "13", !Core.isCanonical(outcome.address) { return nil }
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
    if nativeMemory != softMemory, let place = nativeMemory.indices.first(where: { nativeMemory[$0] != softMemory[$0] }) {
      return "memory at +\(String(place, radix: 16)) is \(softMemory[place]), should be \(nativeMemory[place])"
    }
    return nil
  }

  private func kind(_ fault: OracleFault?) -> String {
    guard let fault else { return "nothing" }
    switch fault.signal {
    case SIGTRAP: return "INT3"
    case SIGFPE: return "0"
    case SIGILL: return "6"
    case SIGBUS: return "SS"
    default: return fault.code == 128 ? "13" : "PF \(String(fault.address, radix: 16))"
    }
  }
}
