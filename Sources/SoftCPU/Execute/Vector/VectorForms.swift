/// The table of all MMX, SSE and AVX instructions that the host executes for us.
@safe struct VectorForms: @unchecked Sendable {
  private static let count = 3 * 3 * 4 * 256
  /// Filled once, and there for as long as the program.
  private let list: UnsafeMutablePointer<VectorForm>

  /// What comes before an opcode: legacy prefixes, or VEX with its L.
  enum Encoding: Int { case legacy, short, long }

  /// The mandatory prefix that selects among the instructions of one opcode.
  enum Prefix: Int {
    case none, operandSize, repeatZero, repeatNonzero

    init(_ prefixes: Prefixes) {
      self =
        prefixes.contains(.repeatNonzero) ? .repeatNonzero
        : prefixes.contains(.repeatZero) ? .repeatZero : prefixes.contains(.operandSize) ? .operandSize : .none
    }
  }

  static let all = VectorForms()

  private static func index(_ encoding: Encoding, _ map: UInt8, _ prefix: Prefix, _ opcode: UInt8) -> Int {
    let number = encoding.rawValue * 3 + Int(map) - 1
    precondition((0..<9).contains(number), "maps are 1 to 3")
    return number * 1024 + prefix.rawValue * 256 + Int(opcode)
  }

  /// - Parameter map: 1 for 0F, 2 for 0F38, 3 for 0F3A.
  subscript(encoding: Encoding, map: UInt8, prefix: Prefix, opcode: UInt8) -> VectorForm {
    get { unsafe list[Self.index(encoding, map, prefix, opcode)] }
    nonmutating set { unsafe list[Self.index(encoding, map, prefix, opcode)] = newValue }
  }

  /// The form of an instruction of these maps, with VEX or without.
  func form(of i: InstructionRecord) -> VectorForm { form(i.prefixes, i.vectorLength, i.map, i.opcode) }
  func form(of i: Instruction) -> VectorForm { form(i.prefixes, i.vectorLength, i.map, i.opcode) }

  private func form(_ prefixes: Prefixes, _ length: UInt8, _ map: UInt8, _ opcode: UInt8) -> VectorForm {
    let encoding: Encoding = !prefixes.contains(.vex) ? .legacy : length == 0 ? .short : .long
    return self[encoding, map & 3, Prefix(prefixes), opcode]
  }

  typealias Operand = VectorForm.Operand
  typealias Traits = VectorForm.Traits

  private func add(
    _ map: UInt8, _ prefix: Prefix, _ opcodes: [UInt8], _ reg: Operand, _ rm: Operand, _ size: UInt8,
    _ traits: Traits = [], feature: UInt8 = 31
  ) {
    for opcode in opcodes {
      self[.legacy, map, prefix, opcode] = VectorForm(reg: reg, rm: rm, size: size, traits: traits, feature: feature)
    }
  }
  /// An MMX instruction with its SSE2 twin.
  private func pair(_ map: UInt8, _ opcodes: [UInt8], _ traits: Traits = [], feature: UInt8 = 31) {
    add(map, .none, opcodes, .mmx, .mmx, 8, traits, feature: feature)
    add(map, .operandSize, opcodes, .xmm, .xmm, 16, traits, feature: feature)
  }
  /// Packed single, packed double, scalar single, scalar double.
  private func floats(_ opcodes: [UInt8], _ traits: Traits = .float) {
    add(1, .none, opcodes, .xmm, .xmm, 16, traits)
    add(1, .operandSize, opcodes, .xmm, .xmm, 16, traits)
    add(1, .repeatZero, opcodes, .xmm, .xmm, 4, traits)
    add(1, .repeatNonzero, opcodes, .xmm, .xmm, 8, traits)
  }

  private static let sse3: UInt8 = 0
  private static let carryless: UInt8 = 1
  private static let ssse3: UInt8 = 9
  private static let sse41: UInt8 = 19
  private static let sse42: UInt8 = 20
  private static let aes: UInt8 = 25

  private init() {
    unsafe list = .allocate(capacity: Self.count)
    unsafe list.initialize(repeating: VectorForm(), count: Self.count)
    moves()
    floatingPoint()
    integers()
    supplements()
    sse4()
    if VectorStubs.shared.hasAVX2 { advanced() }
    let features = VectorStubs.shared.features
    for n in 0..<Self.count where unsafe features >> UInt32(list[n].feature) & 1 == 0 { unsafe list[n] = VectorForm() }
  }

  private func moves() {
    for prefix in [Prefix.none, .operandSize] {
      // MOVUPS, MOVUPD; UNPCKLPS, UNPCKHPS and their PDs; MOVLPS, MOVHPS and their PDs to memory; MOVAPS, MOVAPD; MOVNTPS,
      // MOVNTPD; MOVMSKPS, MOVMSKPD; SHUFPS, SHUFPD
      add(1, prefix, [0x10], .xmm, .xmm, 16, .unaligned)
      add(1, prefix, [0x11], .xmm, .xmm, 16, [.stores, .unaligned])
      add(1, prefix, [0x14, 0x15], .xmm, .xmm, 16)
      add(1, prefix, [0x13, 0x17], .xmm, .xmm, 8, [.stores, .memoryOnly])
      add(1, prefix, [0x28], .xmm, .xmm, 16)
      add(1, prefix, [0x29], .xmm, .xmm, 16, .stores)
      add(1, prefix, [0x2B], .xmm, .xmm, 16, [.stores, .memoryOnly])
      add(1, prefix, [0x50], .general, .xmm, 0, .registerOnly)
      add(1, prefix, [0xC6], .xmm, .xmm, 16, .immediate)
    }
    // MOVLPS, MOVHPS, MOVHLPS, MOVLHPS; MOVLPD, MOVHPD; MOVSLDUP, MOVSHDUP; MOVDDUP
    add(1, .none, [0x12, 0x16], .xmm, .xmm, 8)
    add(1, .operandSize, [0x12, 0x16], .xmm, .xmm, 8, .memoryOnly)
    add(1, .repeatZero, [0x12, 0x16], .xmm, .xmm, 16, [], feature: Self.sse3)
    add(1, .repeatNonzero, [0x12], .xmm, .xmm, 8, [], feature: Self.sse3)
    // MOVSS, MOVSD
    add(1, .repeatZero, [0x10], .xmm, .xmm, 4)
    add(1, .repeatNonzero, [0x10], .xmm, .xmm, 8)
    add(1, .repeatZero, [0x11], .xmm, .xmm, 4, .stores)
    add(1, .repeatNonzero, [0x11], .xmm, .xmm, 8, .stores)
    // MOVD, MOVQ
    add(1, .none, [0x6E], .mmx, .general, 4, [.wide, .wideMemory])
    add(1, .operandSize, [0x6E], .xmm, .general, 4, [.wide, .wideMemory])
    add(1, .none, [0x7E], .mmx, .general, 4, [.stores, .wide, .wideMemory])
    add(1, .operandSize, [0x7E], .xmm, .general, 4, [.stores, .wide, .wideMemory])
    add(1, .repeatZero, [0x7E], .xmm, .xmm, 8)
    // MOVQ, MOVDQA, MOVDQU
    pair(1, [0x6F])
    pair(1, [0x7F], .stores)
    add(1, .repeatZero, [0x6F], .xmm, .xmm, 16, .unaligned)
    add(1, .repeatZero, [0x7F], .xmm, .xmm, 16, [.stores, .unaligned])
    // MOVQ; MOVQ2DQ, MOVDQ2Q; MOVNTQ, MOVNTDQ; MOVNTI; LDDQU
    add(1, .operandSize, [0xD6], .xmm, .xmm, 8, .stores)
    add(1, .repeatZero, [0xD6], .xmm, .mmx, 0, .registerOnly)
    add(1, .repeatNonzero, [0xD6], .mmx, .xmm, 0, .registerOnly)
    add(1, .none, [0xE7], .mmx, .mmx, 8, [.stores, .memoryOnly])
    add(1, .operandSize, [0xE7], .xmm, .xmm, 16, [.stores, .memoryOnly])
    add(1, .none, [0xC3], .general, .general, 4, [.stores, .memoryOnly, .wide, .wideMemory])
    add(1, .repeatNonzero, [0xF0], .xmm, .xmm, 16, [.unaligned, .memoryOnly], feature: Self.sse3)
  }

  private func floatingPoint() {
    // SQRT, ADD, MUL, SUB, MIN, DIV and MAX, each as PS, PD, SS and SD: ADDPS, ADDPD, ADDSS, ADDSD, SQRTPS, MULPS, SUBPS,
    // MINPS, DIVPS, MAXPS …
    floats([0x51, 0x58, 0x59, 0x5C, 0x5D, 0x5E, 0x5F])
    // CMPPS, CMPPD, CMPSS, CMPSD
    floats([0xC2], [.float, .immediate])
    // RSQRTPS, RCPPS, RSQRTSS, RCPSS
    add(1, .none, [0x52, 0x53], .xmm, .xmm, 16, .approximates)
    add(1, .repeatZero, [0x52, 0x53], .xmm, .xmm, 4, .approximates)
    // ANDPS, ANDNPS, ORPS, XORPS, ANDPD, ANDNPD, ORPD, XORPD
    for prefix in [Prefix.none, .operandSize] { add(1, prefix, [0x54, 0x55, 0x56, 0x57], .xmm, .xmm, 16) }
    // UCOMISS, COMISS, UCOMISD, COMISD
    add(1, .none, [0x2E, 0x2F], .xmm, .xmm, 4, [.float, .flags, .readsOnly])
    add(1, .operandSize, [0x2E, 0x2F], .xmm, .xmm, 8, [.float, .flags, .readsOnly])
    // CVTPI2PS, CVTPI2PD; CVTSI2SS, CVTSI2SD
    add(1, .none, [0x2A], .xmm, .mmx, 8, .float)
    add(1, .operandSize, [0x2A], .xmm, .mmx, 8, .float)
    for prefix in [Prefix.repeatZero, .repeatNonzero] {
      add(1, prefix, [0x2A], .xmm, .general, 4, [.float, .wide, .wideMemory])
    }
    // CVTTPS2PI, CVTPS2PI, CVTTPD2PI, CVTPD2PI; CVTTSS2SI, CVTSS2SI, CVTTSD2SI, CVTSD2SI
    add(1, .none, [0x2C, 0x2D], .mmx, .xmm, 8, .float)
    add(1, .operandSize, [0x2C, 0x2D], .mmx, .xmm, 16, .float)
    add(1, .repeatZero, [0x2C, 0x2D], .general, .xmm, 4, [.float, .wide])
    add(1, .repeatNonzero, [0x2C, 0x2D], .general, .xmm, 8, [.float, .wide])
    // CVTPS2PD, CVTPD2PS, CVTSS2SD, CVTSD2SS
    add(1, .none, [0x5A], .xmm, .xmm, 8, .float)
    add(1, .operandSize, [0x5A], .xmm, .xmm, 16, .float)
    add(1, .repeatZero, [0x5A], .xmm, .xmm, 4, .float)
    add(1, .repeatNonzero, [0x5A], .xmm, .xmm, 8, .float)
    // CVTDQ2PS, CVTPS2DQ, CVTTPS2DQ
    for prefix in [Prefix.none, .operandSize, .repeatZero] { add(1, prefix, [0x5B], .xmm, .xmm, 16, .float) }
    // HADDPD, HSUBPD, ADDSUBPD and their PS; CVTTPD2DQ, CVTPD2DQ, and below CVTDQ2PD
    for prefix in [Prefix.operandSize, .repeatNonzero] {
      add(1, prefix, [0x7C, 0x7D, 0xD0], .xmm, .xmm, 16, .float, feature: Self.sse3)
      add(1, prefix, [0xE6], .xmm, .xmm, 16, .float)
    }
    add(1, .repeatZero, [0xE6], .xmm, .xmm, 8, .float)
  }

  private func integers() {
    // PUNPCKLBW, PUNPCKLWD, PUNPCKLDQ, PACKSSWB, PCMPGTB, PCMPGTW, PCMPGTD, PACKUSWB, PUNPCKHBW, PUNPCKHWD, PUNPCKHDQ,
    // PACKSSDW; PUNPCKLQDQ, PUNPCKHQDQ
    pair(1, Array(0x60...0x6B))
    add(1, .none, [0x60, 0x61, 0x62], .mmx, .mmx, 4)
    add(1, .operandSize, [0x6C, 0x6D], .xmm, .xmm, 16)
    // PSHUFW, PSHUFD, PSHUFHW, PSHUFLW
    pair(1, [0x70], .immediate)
    add(1, .repeatZero, [0x70], .xmm, .xmm, 16, .immediate)
    add(1, .repeatNonzero, [0x70], .xmm, .xmm, 16, .immediate)
    // PSRLW, PSRAW, PSLLW, PSRLD, PSRAD, PSLLD, PSRLQ, PSRLDQ, PSLLQ, PSLLDQ by an immediate
    add(1, .none, [0x71, 0x72, 0x73], .none, .mmx, 0, [.stores, .registerOnly, .immediate, .extended])
    add(1, .operandSize, [0x71, 0x72, 0x73], .none, .xmm, 0, [.stores, .registerOnly, .immediate, .extended])
    // PCMPEQB, PCMPEQW, PCMPEQD; PINSRW, PEXTRW, PMOVMSKB
    pair(1, [0x74, 0x75, 0x76])
    for (prefix, operand) in [(Prefix.none, Operand.mmx), (.operandSize, .xmm)] {
      add(1, prefix, [0xC4], operand, .general, 2, .immediate)
      add(1, prefix, [0xC5], .general, operand, 0, [.registerOnly, .immediate])
      add(1, prefix, [0xD7], .general, operand, 0, .registerOnly)
    }
    // PSRLW, PSRLD, PSRLQ, PADDQ, PMULLW; PSUBUSB, PSUBUSW, PMINUB, PAND, PADDUSB, PADDUSW, PMAXUB, PANDN, PAVGB, PSRAW, PSRAD,
    // PAVGW, PMULHUW, PMULHW; PSUBSB, PSUBSW, PMINSW, POR, PADDSB, PADDSW, PMAXSW, PXOR; PSLLW, PSLLD, PSLLQ, PMULUDQ, PMADDWD,
    // PSADBW; PSUBB, PSUBW, PSUBD, PSUBQ, PADDB, PADDW, PADDD
    pair(1, Array(0xD1...0xD5) + Array(0xD8...0xE5) + Array(0xE8...0xEF) + Array(0xF1...0xF6) + Array(0xF8...0xFE))
  }

  private func supplements() {
    // PSHUFB, PHADDW, PHADDD, PHADDSW, PMADDUBSW, PHSUBW, PHSUBD, PHSUBSW, PSIGNB, PSIGNW, PSIGND, PMULHRSW; PABSB, PABSW,
    // PABSD; PALIGNR
    pair(2, Array(0x00...0x0B) + [0x1C, 0x1D, 0x1E], feature: Self.ssse3)
    pair(3, [0x0F], .immediate, feature: Self.ssse3)
    // AESIMC, AESENC, AESENCLAST, AESDEC, AESDECLAST; AESKEYGENASSIST; PCLMULQDQ
    add(2, .operandSize, Array(0xDB...0xDF), .xmm, .xmm, 16, feature: Self.aes)
    add(3, .operandSize, [0xDF], .xmm, .xmm, 16, .immediate, feature: Self.aes)
    add(3, .operandSize, [0x44], .xmm, .xmm, 16, .immediate, feature: Self.carryless)
  }

  private func sse4() {
    // PBLENDVB, BLENDVPS, BLENDVPD; PTEST; PMOVSXBW, PMOVSXBD, PMOVSXBQ, PMOVSXWD, PMOVSXWQ, PMOVSXDQ and the same as PMOVZX
    add(2, .operandSize, [0x10, 0x14, 0x15], .xmm, .xmm, 16, .third, feature: Self.sse41)
    add(2, .operandSize, [0x17], .xmm, .xmm, 16, [.flags, .readsOnly], feature: Self.sse41)
    for (opcode, size) in zip(UInt8(0x20)...0x25, [8, 4, 2, 8, 4, 8] as [UInt8]) {
      add(2, .operandSize, [opcode, opcode + 0x10], .xmm, .xmm, size, feature: Self.sse41)
    }
    // PMULDQ, PCMPEQQ, PACKUSDW; PMINSB, PMINSD, PMINUW, PMINUD, PMAXSB, PMAXSD, PMAXUW, PMAXUD, PMULLD, PHMINPOSUW; MOVNTDQA;
    // PCMPGTQ
    add(2, .operandSize, [0x28, 0x29, 0x2B] + Array(0x38...0x41), .xmm, .xmm, 16, feature: Self.sse41)
    add(2, .operandSize, [0x2A], .xmm, .xmm, 16, .memoryOnly, feature: Self.sse41)
    add(2, .operandSize, [0x37], .xmm, .xmm, 16, feature: Self.sse42)
    let float: Traits = [.float, .immediate]
    // ROUNDPS, ROUNDPD, DPPS, DPPD, ROUNDSS, ROUNDSD; BLENDPS, BLENDPD, PBLENDW, MPSADBW
    add(3, .operandSize, [0x08, 0x09, 0x40, 0x41], .xmm, .xmm, 16, float, feature: Self.sse41)
    add(3, .operandSize, [0x0A], .xmm, .xmm, 4, float, feature: Self.sse41)
    add(3, .operandSize, [0x0B], .xmm, .xmm, 8, float, feature: Self.sse41)
    add(3, .operandSize, [0x0C, 0x0D, 0x0E, 0x42], .xmm, .xmm, 16, .immediate, feature: Self.sse41)
    let extract: Traits = [.stores, .immediate]
    // PEXTRB, PEXTRW, PEXTRD, PEXTRQ, EXTRACTPS; PINSRB, INSERTPS, PINSRD, PINSRQ
    add(3, .operandSize, [0x14], .xmm, .general, 1, extract, feature: Self.sse41)
    add(3, .operandSize, [0x15], .xmm, .general, 2, extract, feature: Self.sse41)
    add(3, .operandSize, [0x16], .xmm, .general, 4, extract.union([.wide, .wideMemory]), feature: Self.sse41)
    add(3, .operandSize, [0x17], .xmm, .general, 4, extract, feature: Self.sse41)
    add(3, .operandSize, [0x20], .xmm, .general, 1, .immediate, feature: Self.sse41)
    add(3, .operandSize, [0x21], .xmm, .xmm, 4, .immediate, feature: Self.sse41)
    add(3, .operandSize, [0x22], .xmm, .general, 4, [.immediate, .wide, .wideMemory], feature: Self.sse41)
    let string: Traits = [.string, .immediate, .unaligned, .flags]
    // PCMPESTRM, PCMPESTRI, PCMPISTRM, PCMPISTRI
    add(3, .operandSize, Array(0x60...0x63), .xmm, .xmm, 16, string.union(.wide), feature: Self.sse42)
  }
}
