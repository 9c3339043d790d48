import Glibc
import Synchronization
import Testing

@testable import SoftBackend

/// Every integer instruction against the host's own processor.
@Suite(.serialized) struct InstructionFuzz {
  @Test("the software processor does what the host does, instruction by instruction", arguments: CodeMode.allCases)
  func likeTheHost(mode: CodeMode) throws {
    let seconds = FuzzSettings.seconds
    let outcome = try HostOracle.shared.withLock { oracle in
      try compare(oracle, mode, seed: FuzzSettings.seed, cases: seconds == nil ? 8000 : .max, seconds: seconds ?? .max)
    }
    if seconds != nil { print("fuzz-cpu: \(mode) \(outcome.cases) cases, \(outcome.differences.count) differences") }
    for difference in outcome.differences { Issue.record("\(difference)") }
  }

  @Test("every row of the opcode table is among the instructions that are tried")
  func everyRow() {
    var tried: Set<Int> = []
    for mode in CodeMode.allCases {
      var generator = InstructionGenerator(seed: 1, mode: mode, codeAt: ShortCodeOracle.codeAddress(mode))
      for _ in 0..<12_000 {
        let test = generator.next()
        tried.insert(test.row << 3 | test.group)
      }
    }
    for (map, rows) in opcodeMaps.enumerated() {
      // The bounds instructions of some hosts, which others ignore.
      for (opcode, row) in rows.enumerated() where map != 1 || opcode != 0x1A && opcode != 0x1B {
        for (group, operation) in row.operations.enumerated() where !InstructionGenerator.excluded.contains(operation) {
          let isTried = tried.contains((map << 8 | opcode) << 3 | group)
          #expect(isTried, "\(operation) in map \(map), opcode \(opcode), group \(group)")
        }
      }
    }
  }

  private func compare(_ oracle: HostOracle, _ mode: CodeMode, seed: UInt64, cases: UInt64, seconds: UInt64) throws -> (cases: UInt64, differences: [String]) {
    let place = mode == .long ? oracle.codeAddress : ShortCodeOracle.codeAddress(mode)
    let twin = try SoftTwin(mode, codeAt: place)
    var generator = InstructionGenerator(seed: seed, mode: mode, codeAt: place)
    var differences: [String] = []
    var seen: Set<String> = []
    var done: UInt64 = 0
    let start = time(nil)
    while done < cases, differences.count < 60 {
      if seconds != .max, done % 1024 == 0, time(nil) - start >= Int(clamping: seconds) { break }
      let test = generator.next()
      done += 1
      guard let difference = try compare(oracle, mode, twin, test) else { continue }
      // One of each kind is enough to begin with.
      if seen.insert("\(test.operation) \(difference.prefix(8))").inserted {
        differences.append("case \(done): \(test.operation) \(hex(test.code)): \(difference)")
      }
    }
    return (done, differences)
  }

  private func hex(_ bytes: [UInt8]) -> String { bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined(separator: " ") }

  private func compare(_ oracle: HostOracle, _ mode: CodeMode, _ twin: SoftTwin, _ test: InstructionCase) throws -> String? {
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
    if fault?.signal == SIGTRAP { address &-= 1 }
    let actual = outcome.fault.map { $0.vector == 13 && $0.code == 26 ? "INT3" : $0.vector == 14 ? "PF \(String($0.address, radix: 16))" : $0.vector == 12 || $0.vector == 17 ? "SS" : $0.vector == 5 ? "13" : "\($0.vector)" } ?? "nothing"
    // A jump out of the segment, or to an address that is not canonical: Intel's processors fault before it, AMD's and this one after it.
    if expected == "13", actual == "13", !Core.isCanonical(outcome.address) || mode == .small16 && outcome.address > 0xFFFF { return nil }
    if expected == "6", Self.optional.contains(test.operation) { return nil }
    let isOtherPage = MakerDifferences.mayFaultElsewhere(test) && expected.hasPrefix("PF") && actual.hasPrefix("PF")
    if expected != actual, !isOtherPage { return "fault is \(actual), should be \(expected) at +\(address &- twin.code)" }
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
    case SIGTRAP: return "INT3"
    case SIGFPE: return "0"
    case SIGILL: return "6"
    case SIGBUS: return "SS"
    default: return fault.code == 128 ? "13" : "PF \(String(fault.address, radix: 16))"
    }
  }
}
