/// The host code for one vector instruction. It is called with the core's block and the places of its operands.
///
/// `reg` becomes register 2 (or RAX), `rm` register 1 (or RCX) or memory, and VEX.vvvv register 3; the result goes
/// straight to its place. The upper halves of the host's registers are clean before and after.
struct VectorStub {
  let isVEX: Bool
  /// 1 for 0F, 2 for 0F38, 3 for 0F3A.
  let map: UInt8
  let prefix: VectorForms.Prefix
  let opcode: UInt8
  let extended: UInt8
  let immediate: UInt8
  let wide: Bool
  let memory: Bool
  let form: VectorForm

  /// The numbers of host registers, and which of them hold places.
  static let (reg, rm, source, fourth): (UInt8, UInt8, UInt8, UInt8) = (2, 1, 3, 4)
  static let (regPlace, rmPlace, sourcePlace, corePlace): (UInt8, UInt8, UInt8, UInt8) = (6, 2, 1, 7)

  /// - Parameter is64Bit: whether there are more than eight registers.
  init(_ i: InstructionRecord, is64Bit: Bool) {
    isVEX = i.prefixes.contains(.vex)
    map = i.map & 3
    prefix = VectorForms.Prefix(i.prefixes)
    opcode = i.opcode
    form = VectorForms.all.form(of: i)
    let hasGeneral = form.reg == .general || form.rm == .general
    wide = form.traits.contains(.wide) && i.prefixes.contains(!isVEX || hasGeneral ? .rexW : .vexW)
    extended = i.reg & 7
    let byte = UInt8(truncatingIfNeeded: i.immediate)
    immediate = form.traits.contains(.fourth) ? byte & (is64Bit ? 0xF0 : 0x70) : byte
    memory = i.isMemory
  }

  private var isString: Bool { form.traits.contains(.string) }
  private var usesMemory: Bool { memory && !isString }
  /// Whether VEX.vvvv is a source.
  var usesSource: Bool { form.traits.contains(.source) || form.traits.contains(.merges) && !memory }
  private var regNumber: UInt8 { form.traits.contains(.extended) ? extended : form.reg == .general ? 0 : Self.reg }

  /// Tells apart what is executed differently, and nothing else.
  var key: UInt32 {
    let traits = form.traits
    var key = UInt32(opcode) | UInt32(map) << 8 | UInt32(truncatingIfNeeded: prefix.rawValue) << 10
    if traits.contains(.immediate) { key |= UInt32(immediate) << 12 }
    if traits.contains(.extended) { key |= UInt32(extended) << 20 }
    if wide { key |= 1 << 23 }
    if usesMemory { key |= 1 << 24 }
    if isVEX { key |= form.isLong ? 3 << 25 : 1 << 25 }
    return key
  }

  var code: HostCode {
    let traits = form.traits
    var code = HostCode()
    if traits.contains(.float) { code.rdi([0x0F, 0xAE], reg: 2, offset: VectorArea.workControl) }
    if !isVEX || !traits.isDisjoint(with: [.stores, .readsOnly, .accumulates, .string]) {
      move(&code, form.reg, regNumber, Self.regPlace, stores: false)
    }
    if usesSource { move(&code, form.isLong ? .ymm : .xmm, Self.source, Self.sourcePlace, stores: false) }
    if traits.contains(.fourth) {
      let place = VectorArea.vector(immediate >> 4)
      move(&code, form.reg, Self.fourth, Self.corePlace, stores: false, offset: place)
    }
    if !usesMemory { move(&code, form.rm, Self.rm, Self.rmPlace, stores: false) }
    if traits.contains(.third) { move(&code, .xmm, 0, Self.corePlace, stores: false, offset: VectorArea.xmm) }
    if isString {
      code.rdi(wide: true, [0x8B], reg: 0, offset: Core.Field.rax.rawValue)
      code.rdi(wide: true, [0x8B], reg: 2, offset: Core.Field.rdx.rawValue)
    }
    if traits.contains(.approximates) { emitReciprocal(&code) } else { emitInstruction(&code) }
    if traits.contains(.flags) {
      code.emit(0x9C)
      code.rdi([0x8F], reg: 0, offset: VectorArea.flags)
    }
    emitResult(&code)
    if traits.contains(.float) {
      code.rdi([0x0F, 0xAE], reg: 3, offset: VectorArea.workControl)
      code.rdi([0x0F, 0xAE], reg: 2, offset: VectorArea.hostControl)
    }
    if traits.contains(.approximates) { code.rdi([0x0F, 0xAE], reg: 2, offset: VectorArea.hostControl) }
    if form.usesMMX { code.emit(0x0F, 0x77) }
    if isVEX && form.isLong { code.emit(0xC5, 0xF8, 0x77) }
    code.emit(0xC3)
    return code
  }

  /// Moves a register from or to the place that another register holds.
  private func move(
    _ code: inout HostCode, _ operand: VectorForm.Operand, _ number: UInt8, _ place: UInt8, stores: Bool, offset: Int = 0
  ) {
    switch operand {
    case .none: return
    case .general: code.emit(0x48, stores ? 0x89 : 0x8B)
    case .mmx: code.emit(0x0F, stores ? 0x7F : 0x6F)
    case .xmm where !isVEX: code.emit(0x0F, stores ? 0x11 : 0x10)
    case .xmm, .ymm: code.emit(0xC5, 0xF8, stores ? 0x11 : 0x10)
    }
    code.operand(number, place, offset)
    // The register as part of the x87 stack is not a number any more.
    if operand == .mmx && stores { code.emit(0x66, 0xC7, 0x40 | place, 8, 0xFF, 0xFF) }
    guard isVEX, operand == .ymm || operand == .xmm && stores else { return }
    if operand == .xmm {
      code.emit(0xC5, 0xF8, 0x57, 0xC0)  // vxorps xmm0, xmm0, xmm0
      code.emit(0xC5, 0xF8, 0x11)
      code.operand(0, place, offset + VectorArea.upper)
    } else {
      // VINSERTF128 and VEXTRACTF128.
      code.emit(0xC4, 0xE3, stores ? 0x7D : (~number & 15) << 3 | 5, stores ? 0x19 : 0x18)
      code.operand(number, place, offset + VectorArea.upper)
      code.emit(1)
    }
  }

  private func emitInstruction(_ code: inout HostCode) {
    if isVEX {
      let vvvv: UInt8 = usesSource || form.traits.contains(.target) ? Self.source : 0
      let w: UInt8 = wide || form.traits.contains(.widened) ? 0x80 : 0
      code.emit(0xC4, 0xE0 | map, w | (~vvvv & 15) << 3 | (form.isLong ? 4 : 0) | UInt8(truncatingIfNeeded: prefix.rawValue))
    } else {
      switch prefix {
      case .none: break
      case .operandSize: code.emit(0x66)
      case .repeatZero: code.emit(0xF3)
      case .repeatNonzero: code.emit(0xF2)
      }
      if wide { code.emit(0x48) }
      code.emit(0x0F)
      if map == 2 { code.emit(0x38) }
      if map == 3 { code.emit(0x3A) }
    }
    code.emit(opcode, usesMemory ? regNumber << 3 | Self.rmPlace : 0xC0 | regNumber << 3 | Self.rm)
    if form.traits.contains(.immediate) { code.emit(form.traits.contains(.fourth) ? Self.fourth << 4 : immediate) }
  }

  /// Stores the destination register; a memory destination is there already.
  private func emitResult(_ code: inout HostCode) {
    let traits = form.traits
    if traits.contains(.readsOnly) || traits.contains(.stores) && memory { return }
    if isString {
      if opcode & 1 != 0 {
        code.rdi(wide: true, [0x89], reg: 1, offset: Core.Field.rcx.rawValue)
      } else {
        move(&code, .xmm, 0, Self.corePlace, stores: true, offset: VectorArea.xmm)
      }
    } else if traits.contains(.target) {
      move(&code, form.rm, Self.source, Self.sourcePlace, stores: true)
    } else if traits.contains(.stores) {
      move(&code, form.rm, Self.rm, Self.rmPlace, stores: true)
    } else {
      move(&code, form.reg, regNumber, Self.regPlace, stores: true)
    }
  }
}
