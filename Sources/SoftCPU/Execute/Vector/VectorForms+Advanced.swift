/// AVX, AVX2, FMA and F16C: most are SSE instructions in another encoding.
extension VectorForms {
  /// Which of VEX.128 and VEX.256 exist; a scalar instruction ignores the length.
  private enum Lengths { case both, short, long, scalar }

  /// Makes SSE instructions known to VEX, with the same operands or twice as long ones.
  private func promote(
    _ map: UInt8, _ prefixes: [Prefix], _ opcodes: [UInt8], _ lengths: Lengths = .both, _ traits: Traits = [],
    aligned: Bool = false
  ) {
    for prefix in prefixes {
      for opcode in opcodes {
        var form = self[.legacy, map, prefix, opcode]
        guard form.exists else { continue }
        form.traits.formUnion(aligned ? traits : traits.union(.unaligned))
        form.traits.remove(.third)
        enter(form, map, prefix, opcode, lengths)
      }
    }
  }

  /// Adds instructions that only VEX has.
  private func add(
    _ map: UInt8, _ prefix: Prefix, _ opcodes: [UInt8], _ lengths: Lengths, _ reg: Operand, _ rm: Operand, _ size: UInt8,
    _ traits: Traits = []
  ) {
    for opcode in opcodes {
      let form = VectorForm(reg: reg, rm: rm, size: size, traits: traits.union(.unaligned))
      enter(form, map, prefix, opcode, lengths)
    }
  }

  /// - Parameter form: what it is of 128 bits, or of 256 if there is nothing else.
  private func enter(_ form: VectorForm, _ map: UInt8, _ prefix: Prefix, _ opcode: UInt8, _ lengths: Lengths) {
    if lengths != .long { self[.short, map, prefix, opcode] = form }
    var long = form
    if lengths == .both {
      if form.reg == .xmm { long.reg = .ymm }
      if form.rm == .xmm { long.rm = .ymm }
      if form.size == 16 { long.size = 32 }
    }
    if lengths != .short { self[.long, map, prefix, opcode] = long }
  }

  /// Adds the long form of instructions that have an operand of half the size.
  private func addLong(
    _ map: UInt8, _ prefix: Prefix, _ opcodes: [UInt8], _ reg: Operand, _ rm: Operand, _ size: UInt8, _ traits: Traits = []
  ) {
    for opcode in opcodes {
      let feature = self[.legacy, map, prefix, opcode].feature
      self[.long, map, prefix, opcode] = VectorForm(
        reg: reg, rm: rm, size: size, traits: traits.union(.unaligned), feature: feature)
    }
  }

  /// To be called when all SSE instructions are known.
  func advanced() {
    moves()
    floatingPoint()
    integers()
    conversions()
    permutations()
    multiplyAdd()
  }

  private static let packed: [Prefix] = [.none, .operandSize]
  private static let scalar: [Prefix] = [.repeatZero, .repeatNonzero]

  private func moves() {
    promote(1, Self.packed, [0x10, 0x11])
    promote(1, Self.scalar, [0x10, 0x11], .scalar, .merges)
    promote(1, Self.packed, [0x12, 0x16], .short, .source)
    promote(1, Self.scalar, [0x12, 0x16])
    addLong(1, .repeatNonzero, [0x12], .ymm, .ymm, 32)
    promote(1, Self.packed, [0x13, 0x17], .short)
    promote(1, Self.packed, [0x28, 0x29, 0x2B], aligned: true)
    promote(1, Self.packed, [0x50])
    promote(1, [.operandSize], [0x6E, 0x7E, 0xD6], .short)
    promote(1, [.repeatZero], [0x7E], .short)
    promote(1, [.operandSize], [0x6F, 0x7F, 0xE7], aligned: true)
    promote(1, [.repeatZero], [0x6F, 0x7F])
    promote(1, [.repeatNonzero], [0xF0])
    promote(2, [.operandSize], [0x2A], aligned: true)
  }

  private func floatingPoint() {
    promote(1, Self.packed, [0x14, 0x15, 0x54, 0x55, 0x56, 0x57, 0x58, 0x59, 0x5C, 0x5D, 0x5E, 0x5F, 0xC2, 0xC6], .both, .source)
    promote(1, Self.scalar, [0x51, 0x52, 0x53, 0x58, 0x59, 0x5C, 0x5D, 0x5E, 0x5F, 0xC2], .scalar, .source)
    promote(1, Self.packed, [0x51, 0x52, 0x53])
    promote(1, Self.packed, [0x2E, 0x2F], .scalar)
    promote(1, [.operandSize, .repeatNonzero], [0x7C, 0x7D, 0xD0], .both, .source)
    promote(3, [.operandSize], [0x08, 0x09])
    promote(3, [.operandSize], [0x0A, 0x0B], .scalar, .source)
    promote(3, [.operandSize], [0x0C, 0x0D, 0x40], .both, .source)
    promote(3, [.operandSize], [0x41], .short, .source)
    // VBLENDVPS, VBLENDVPD, VPBLENDVB; VTESTPS, VTESTPD
    add(3, .operandSize, [0x4A, 0x4B, 0x4C], .both, .xmm, .xmm, 16, [.source, .fourth, .immediate, .narrow])
    add(2, .operandSize, [0x0E, 0x0F], .both, .xmm, .xmm, 16, [.flags, .readsOnly, .narrow])
  }

  private func integers() {
    let plain: [UInt8] =
      Array(0x60...0x6D) + [0x74, 0x75, 0x76, 0xD4, 0xD5, 0xE0, 0xE3, 0xE4, 0xE5] + Array(0xD8...0xDF) + Array(0xE8...0xEF)
      + [0xF4, 0xF5, 0xF6] + Array(0xF8...0xFE)
    promote(1, [.operandSize], plain, .both, .source)
    let shifts: [UInt8] = [0xD1, 0xD2, 0xD3, 0xE1, 0xE2, 0xF1, 0xF2, 0xF3]
    promote(1, [.operandSize], shifts, .short, .source)
    addLong(1, .operandSize, shifts, .ymm, .xmm, 16, .source)
    promote(1, [.operandSize], [0x71, 0x72, 0x73], .both, .target)
    promote(1, [.operandSize, .repeatZero, .repeatNonzero], [0x70])
    promote(1, [.operandSize], [0xC4], .short, .source)
    promote(1, [.operandSize], [0xC5], .short)
    promote(1, [.operandSize], [0xD7])
    promote(2, [.operandSize], Array(0x00...0x0B) + [0x28, 0x29, 0x2B] + Array(0x37...0x40), .both, .source)
    promote(2, [.operandSize], [0x17, 0x1C, 0x1D, 0x1E])
    promote(2, [.operandSize], [0x41, 0xDB], .short)
    promote(2, [.operandSize], Array(0xDC...0xDF), .short, .source)
    promote(3, [.operandSize], [0x0E, 0x0F, 0x42], .both, .source)
    promote(3, [.operandSize], [0x14, 0x15, 0x16, 0x17, 0x60, 0x61, 0x62, 0x63, 0xDF], .short)
    promote(3, [.operandSize], [0x20, 0x21, 0x22, 0x44], .short, .source)
    // VPSRLVD, VPSRLVQ, VPSLLVD, VPSLLVQ; VPSRAVD; VPBLENDD
    add(2, .operandSize, [0x45, 0x47], .both, .xmm, .xmm, 16, [.source, .wide])
    add(2, .operandSize, [0x46], .both, .xmm, .xmm, 16, [.source, .narrow])
    add(3, .operandSize, [0x02], .both, .xmm, .xmm, 16, [.source, .immediate, .narrow])
  }

  private func conversions() {
    promote(1, Self.scalar, [0x2A, 0x5A], .scalar, .source)
    promote(1, Self.scalar, [0x2C, 0x2D], .scalar)
    promote(1, [.none, .operandSize, .repeatZero], [0x5B])
    promote(1, Self.packed, [0x5A], .short)
    promote(1, [.operandSize, .repeatZero, .repeatNonzero], [0xE6], .short)
    addLong(1, .none, [0x5A], .ymm, .xmm, 16, .float)
    addLong(1, .operandSize, [0x5A, 0xE6], .xmm, .ymm, 32, .float)
    addLong(1, .repeatNonzero, [0xE6], .xmm, .ymm, 32, .float)
    addLong(1, .repeatZero, [0xE6], .ymm, .xmm, 16, .float)
    for (opcode, size) in zip(UInt8(0x20)...0x25, [16, 8, 4, 16, 8, 16] as [UInt8]) {
      promote(2, [.operandSize], [opcode, opcode + 0x10], .short)
      addLong(2, .operandSize, [opcode, opcode + 0x10], .ymm, .xmm, size)
    }
    // VCVTPH2PS, VCVTPS2PH
    add(2, .operandSize, [0x13], .short, .xmm, .xmm, 8, [.float, .narrow])
    addLong(2, .operandSize, [0x13], .ymm, .xmm, 16, [.float, .narrow])
    let stores: Traits = [.float, .stores, .immediate, .narrow]
    add(3, .operandSize, [0x1D], .short, .xmm, .xmm, 8, stores)
    addLong(3, .operandSize, [0x1D], .ymm, .xmm, 16, stores)
  }

  private func permutations() {
    // VPERMILPS, VPERMILPD; VPERMPS, VPERMD; VPERMQ, VPERMPD; VPERM2F128, VPERM2I128; VINSERTF128, VINSERTI128; VEXTRACTF128,
    // VEXTRACTI128
    add(2, .operandSize, [0x0C, 0x0D], .both, .xmm, .xmm, 16, [.source, .narrow])
    add(3, .operandSize, [0x04, 0x05], .both, .xmm, .xmm, 16, [.immediate, .narrow])
    add(2, .operandSize, [0x16, 0x36], .long, .ymm, .ymm, 32, [.source, .narrow])
    add(3, .operandSize, [0x00, 0x01], .long, .ymm, .ymm, 32, [.immediate, .widened])
    add(3, .operandSize, [0x06, 0x46], .long, .ymm, .ymm, 32, [.source, .immediate, .narrow])
    add(3, .operandSize, [0x18, 0x38], .long, .ymm, .xmm, 16, [.source, .immediate, .narrow])
    add(3, .operandSize, [0x19, 0x39], .long, .ymm, .xmm, 16, [.stores, .immediate, .narrow])
    // VBROADCASTSS, VPBROADCASTD, VPBROADCASTQ, VPBROADCASTB, VPBROADCASTW; VBROADCASTSD; VBROADCASTF128, VBROADCASTI128
    for (opcode, size) in [(0x18, 4), (0x58, 4), (0x59, 8), (0x78, 1), (0x79, 2)] as [(UInt8, UInt8)] {
      add(2, .operandSize, [opcode], .short, .xmm, .xmm, size, .narrow)
      addLong(2, .operandSize, [opcode], .ymm, .xmm, size, .narrow)
    }
    addLong(2, .operandSize, [0x19], .ymm, .xmm, 8, .narrow)
    addLong(2, .operandSize, [0x1A, 0x5A], .ymm, .xmm, 16, [.memoryOnly, .narrow])
  }

  private func multiplyAdd() {
    // VFMADDSUB, VFMSUBADD, VFMADD, VFMSUB, VFNMADD and VFNMSUB, each in the orders 132, 213 and 231, as PS, PD, SS and SD:
    // VFMADD132PS, VFMADD213SD, VFNMSUB231PD …
    for order: UInt8 in [0x90, 0xA0, 0xB0] {
      let traits: Traits = [.source, .accumulates, .float, .wide]
      add(2, .operandSize, [6, 7, 8, 0xA, 0xC, 0xE].map { order + $0 }, .both, .xmm, .xmm, 16, traits)
      add(2, .operandSize, [9, 0xB, 0xD, 0xF].map { order + $0 }, .scalar, .xmm, .xmm, 4, traits.union(.wideMemory))
    }
  }
}
