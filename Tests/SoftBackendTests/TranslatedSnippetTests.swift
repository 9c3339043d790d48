import Testing

@testable import SoftBackend

/// The same code by both tiers of the software processor, which differ in nothing but what no processor defines.
@Suite(.serialized) struct TranslatedSnippets {
  @Test("translated instructions do what the interpreter does")
  func likeTheInterpreter() throws {
    let code: UInt64 = 0x4000_0000
    let (interpreter, translator) = (try SoftTwin(codeAt: code), try SoftTwin(codeAt: code))
    var generator = SnippetGenerator(seed: FuzzSettings.seed, codeAt: code)
    var differences: [String] = []
    var seen: Set<String> = []
    for number in 0..<FuzzSettings.rounds(2000) where differences.count < 40 {
      let snippet = generator.next(longest: number % 3 == 0 ? 1 : 12)
      guard let difference = try compare(interpreter, translator, snippet) else { continue }
      let text = "\(snippet.operations.map { "\($0)" }.joined(separator: " "))"
      if seen.insert("\(snippet.operations.last.map { "\($0)" } ?? "") \(difference.prefix(8))").inserted {
        differences.append("case \(number): \(text): \(hex(snippet.code)): \(difference)")
      }
    }
    for difference in differences { Issue.record("\(difference)") }
  }

  private func hex(_ bytes: [UInt8]) -> String { bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined(separator: " ") }

  private func compare(_ interpreter: SoftTwin, _ translator: SoftTwin, _ snippet: Snippet) throws -> String? {
    var (a, b) = (snippet.state, snippet.state)
    var (memoryA, memoryB) = (snippet.memory, snippet.memory)
    let first = try interpreter.run(snippet.code, &a, &memoryA)
    let second = try translator.run(snippet.code, &b, &memoryB, translated: true)
    if first.fault != second.fault { return "fault is \(second.fault.map { "\($0)" } ?? "none"), should be \(first.fault.map { "\($0)" } ?? "none")" }
    if first.address != second.address { return "RIP is +\(second.address &- translator.code), should be +\(first.address &- interpreter.code)" }
    for k in 0..<16 where a.registers[k] != b.registers[k] {
      return "register \(k) is \(String(b.registers[k], radix: 16)), should be \(String(a.registers[k], radix: 16)), was \(String(snippet.state.registers[k], radix: 16))"
    }
    let flags = (a.flags ^ b.flags) & Flags.arithmetic & ~snippet.undefinedFlags
    // Behind a fault the flags are read by nobody, or come from an instruction that did not complete.
    if flags != 0, first.fault?.vector == 13, first.fault?.code == 26 { return "flags are \(String(b.flags, radix: 16)), should be \(String(a.flags, radix: 16))" }
    if a.image != b.image {
      let place = a.image.indices.first { a.image[$0] != b.image[$0] } ?? 0
      return "the byte at \(place) of the vector state is \(b.image[place]), should be \(a.image[place])"
     }
    if memoryA != memoryB, let place = memoryA.indices.first(where: { memoryA[$0] != memoryB[$0] }) {
      return "memory at +\(String(place, radix: 16)) is \(memoryB[place]), should be \(memoryA[place])"
    }
    return nil
  }
}
