@testable import SoftCPU

/// Makes instructions of the x87, MMX, SSE and AVX: any form that is known, with registers or memory at RBX.
struct VectorGenerator {
  private struct Choice {
    let encoding: VectorForms.Encoding
    let map: UInt8
    let prefix: UInt8
    let opcode: UInt8
    let form: VectorForm
  }

  /// All forms but approximations, which are each maker's own.
  private static let choices: [Choice] = {
    var choices: [Choice] = []
    for encoding in HostOracle.hasAVX2 ? [VectorForms.Encoding.legacy, .short, .long] : [.legacy] {
      for map in UInt8(1)...3 {
        for (prefix, kind) in VectorTests.prefixes {
          for opcode in UInt8(0)...255 {
            let form = VectorForms.all[encoding, map, kind, opcode]
            guard form.exists, !form.traits.contains(.approximates) else { continue }
            choices.append(Choice(encoding: encoding, map: map, prefix: prefix, opcode: opcode, form: form))
          }
        }
      }
    }
    return choices
  }()

  /// Integers of SSE, which are most of what compilers make.
  private static let plain = choices.filter { $0.encoding == .legacy && $0.map == 1 && $0.form.traits.isDisjoint(with: .float) && !$0.form.usesMMX }

  /// Registers of the vector unit and of the x87.
  func scene(_ state: inout OracleState, _ random: inout FixedSequence) {
    let (scene, _) = X87Tests.scene(&random)
    (state.image, state.upper) = (scene.image, scene.upper)
    state.image[1] = 0x03
  }

  /// The instruction, behind a MOV of its address.
  mutating func next(_ random: inout FixedSequence) -> (bytes: [UInt8], setsFlags: Bool) {
    if random.next() % 6 == 0, let code = float(&random) { return (place(8, &random) + code.bytes, false) }
    let list = random.next() % 2 == 0 ? Self.plain : Self.choices
    let choice = list[Int(random.next() % UInt64(list.count))]
    let (form, traits) = (choice.form, choice.form.traits)
    var code = VectorCode(
      prefix: choice.prefix, map: choice.map, opcode: choice.opcode, wide: random.next() % 3 == 0, reg: UInt8(random.next() % 16),
      rm: UInt8(random.next() % 16), memory: random.next() % 3 == 0)
    if choice.encoding != .legacy {
      code.length = choice.encoding == .long ? 1 : 0
      if traits.contains(.narrow) { code.wide = false }
      if traits.contains(.widened) { code.wide = true }
      let takesSource = traits.contains(.source) || traits.contains(.target)
      if takesSource || traits.contains(.merges) && !code.memory { code.vvvv = UInt8(random.next() % 16) }
    }
    if traits.contains(.registerOnly) { code.memory = false }
    if traits.contains(.memoryOnly) { code.memory = true }
    if traits.contains(.merges), !code.memory, choice.encoding != .legacy { code.vvvv = UInt8(random.next() % 16) }
    if form.reg == .mmx { code.reg &= 7 }
    if form.rm == .mmx { code.rm &= 7 }
    if traits.contains(.extended) { code.reg = [2, 4, 6][Int(random.next() % 3)] }
    if traits.contains(.extended), choice.opcode == 0x73 { code.reg = random.next() % 2 == 0 ? 2 : 6 }
    if traits.contains(.immediate) { code.immediate = UInt8(truncatingIfNeeded: random.next()) }
    return ((code.memory ? place(Int(form.size), &random) : []) + code.bytes, traits.contains(.flags))
  }

  private func float(_ random: inout FixedSequence) -> VectorCode? {
    let opcode = 0xD8 | UInt8(random.next() % 8)
    let (reg, rm) = (UInt8(random.next() % 8), UInt8(random.next() % 8))
    if random.next() % 2 == 0 {
      return X87Form.memory(opcode, reg) == nil ? nil : VectorCode(map: 0, opcode: opcode, reg: reg, rm: 0, memory: true)
    }
    // Those that write the arithmetic flags are left out: not all of them are the comparison's.
    let isFlags = (opcode == 0xDB || opcode == 0xDF) && (reg == 5 || reg == 6) || (opcode == 0xDA || opcode == 0xDB) && reg < 4
    guard !isFlags, X87Form.register(opcode, 0xC0 | reg << 3 | rm) != nil else { return nil }
    return VectorCode(map: 0, opcode: opcode, reg: reg, rm: rm)
  }

  /// MOV of an address to RBX: mostly aligned, sometimes across the end of a page or of memory.
  private func place(_ size: Int, _ random: inout FixedSequence) -> [UInt8] {
    let offset: UInt64 =
      switch random.next() % 16 {
      case 0: 4096 - random.next() % 33
      case 1: UInt64(HostOracle.scratchSize) - random.next() % 40
      case 2, 3: random.next() % 0x1FC0
      default: random.next() % 0x1FC0 & ~31
      }
    return SnippetGenerator.move(3, HostOracle.scratch + offset, .long)
  }
}
