import Testing

@testable import SoftCPU

@Suite("the table of opcodes") struct OpcodeTableTests {
  @Test("every row says something, and none says it of an opcode that another names")
  func mistakes() {
    #expect(OpcodeTable(opcodeText).mistakes == [])
  }

  @Test(
    "an unknown name, operand or attribute, a group that is not of eight, and an opcode that is named twice are mistakes",
    arguments: [
      "0 01 ad Ev Gv", "0 01 add Ev Qv", "0 01 add Ev Gv o65", "0 01 add/or Ev", "8 01 add", "0 1FF add", "0 02-01 add", "0 01",
      "0 00-05 or Ev Gv",
    ])
  func found(line: String) {
    let table = OpcodeTable("0 00 add Eb Gb\n" + line)
    #expect(table.mistakes == [line])
  }

  @Test("a row for the rest leaves alone what others name, wherever it stands")
  func rest() {
    let table = OpcodeTable("0 00-FF undefined m rest\n0 05 add eAX Iz")
    #expect(table.mistakes == [])
    #expect(table[0, 4].operations[0] == .undefined && table[0, 5].operations[0] == .add)
    #expect(OpcodeTable("0 05 add eAX Iz\n0 00-FF undefined m rest")[0, 5].operations[0] == .add)
  }

  @Test("every operation but those that the decoder chooses itself is in some row")
  func complete() {
    let inTable = Set(opcodeTable.rows.flatMap(\.named))
    let chosen: Set<Operation> = [
      .tzcnt, .lzcnt, .crc32, .adox, .pdep, .pext, .shlx, .sarx, .shrx, .loop, .arpl, .pause, .rdpid, .rdtscp, .xgetbv, .xsetbv, .rdpkru, .wrpkru,
      .clac, .stac, .swapgs, .hypercall, .invpcid, .rdfsbase, .rdgsbase, .wrfsbase, .wrgsbase, .hosted, .hostedFloat, .hostedRarely,
      .x87Move, .x87Compare, .x87Undefined, .fninit, .fnclex, .fneni, .fnstswAX, .fnstsw, .fnstcw, .fldcw, .fnstenv, .fldenv, .fnsave, .frstor,
      .maskmovdqu, .vzeroall,
      .load64, .load32, .store64, .store32, .copy64, .copy32, .lea64, .push64, .pop64, .jumpIfZero, .jumpUnlessZero, .add64, .addImmediate64,
      .subtractImmediate64, .compare64, .compareImmediate64, .compare32, .compareImmediate32, .test64, .test32, .xor32, .andImmediate32,
      .endOfBlock, .stopped, .counted, .breakpoint,
    ]
    #expect(Set(Operation.allCases).subtracting(inTable).subtracting(chosen) == [])
  }

  /// ModRM of each of a group, in memory and a register, and of what 0F 01 has for the single register.
  private static let groupBytes = (0..<8).flatMap { [$0 * 8, 0xC0 | $0 * 8] } + [0xC1, 0xCA, 0xCB, 0xD1, 0xD9, 0xE8, 0xEE, 0xEF, 0xF9] as [UInt8]

  /// Everything that the decoder can make: each opcode with each prefix, each of a group with and without memory.
  @Test("whatever the decoder makes of any opcode, somebody executes it", arguments: [SystemGuest.Mode.long, .segments])
  func executed(mode: SystemGuest.Mode) throws {
    let guest = try SystemGuest(mode)
    let maps: [(escape: [UInt8], map: UInt8)] = [
      ([], 0), ([0x0F], 1), ([0x0F, 0x38], 2), ([0x0F, 0x3A], 3), ([0xC5, 0xF8], 5), ([0xC4, 0xE1, 0x79], 5), ([0xC4, 0xE2, 0x79], 6), ([0xC4, 0xE3, 0x7B], 7),
    ]
    for (escape, map) in maps {
      for prefix: [UInt8] in map > 3 ? [[]] : [[], [0x66], [0xF2], [0xF3], [0x48]] {
        for opcode in UInt8(0)...255 {
          let isGroup = opcodeTable[map, opcode].isGroup
          for modRM in isGroup ? Self.groupBytes : [0x00, 0xEE] {
            try guest.enter(user: false)
            guest.core[.cr4] |= 0x4_0600
            guest.core[.rax] = 0x2000
            guest.core.updateMode()
            try guest.run(prefix + escape + [opcode, modRM, 0, 0, 0, 0, 0, 0], steps: 1)
          }
        }
      }
    }
  }
}
