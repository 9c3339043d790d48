/// The host code for one vector instruction. It is called with the core's block and the places of its operands.
///
/// `reg` becomes register 2 (or RAX), `rm` register 1 (or RCX) or memory; the result goes straight to its place.
struct VectorStub {
  var map: UInt8
  var prefix: VectorForms.Prefix
  var opcode: UInt8
  var extended: UInt8
  var immediate: UInt8
  var wide: Bool
  var memory: Bool
  var form: VectorForm

  /// Registers with the places of `reg` and `rm`.
  private static let regPlace: UInt8 = 6
  private static let rmPlace: UInt8 = 2

  private var isString: Bool { form.traits.contains(.string) }
  private var usesMemory: Bool { memory && !isString }

  /// Tells apart what is executed differently, and nothing else.
  var key: UInt32 {
    let traits = form.traits
    var key = UInt32(opcode) | UInt32(map) << 8 | UInt32(truncatingIfNeeded: prefix.rawValue) << 10
    if traits.contains(.immediate) { key |= UInt32(immediate) << 12 }
    if traits.contains(.extended) { key |= UInt32(extended) << 20 }
    if traits.contains(.wide) && wide { key |= 1 << 23 }
    if usesMemory { key |= 1 << 24 }
    return key
  }

  var code: HostCode {
    let traits = form.traits
    var code = HostCode()
    if traits.contains(.float) { code.rdi([0x0F, 0xAE], reg: 2, offset: VectorArea.workControl) }
    move(&code, form.reg, form.reg == .general ? 0 : 2, Self.regPlace, stores: false)
    if !usesMemory { move(&code, form.rm, 1, Self.rmPlace, stores: false) }
    if traits.contains(.third) { code.rdi([0x0F, 0x10], reg: 0, offset: VectorArea.xmm) }
    if isString {
      code.rdi(wide: true, [0x8B], reg: 0, offset: Core.Field.rax.rawValue)
      code.rdi(wide: true, [0x8B], reg: 2, offset: Core.Field.rdx.rawValue)
    }
    emitInstruction(&code)
    if traits.contains(.flags) {
      code.emit(0x9C)
      code.rdi([0x8F], reg: 0, offset: VectorArea.flags)
    }
    emitResult(&code)
    if traits.contains(.float) {
      code.rdi([0x0F, 0xAE], reg: 3, offset: VectorArea.workControl)
      code.rdi([0x0F, 0xAE], reg: 2, offset: VectorArea.hostControl)
    }
    if form.reg == .mmx || form.rm == .mmx { code.emit(0x0F, 0x77) }
    code.emit(0xC3)
    return code
  }

  /// Moves a register from or to the place that another register holds.
  private func move(_ code: inout HostCode, _ operand: VectorForm.Operand, _ number: UInt8, _ place: UInt8, stores: Bool) {
    let modrm = number << 3 | place
    switch operand {
    case .none: break
    case .general: code.emit(0x48, stores ? 0x89 : 0x8B, modrm)
    case .mmx:
      code.emit(0x0F, stores ? 0x7F : 0x6F, modrm)
      // The register as part of the x87 stack is not a number any more.
      if stores { code.emit(0x66, 0xC7, 0x40 | place, 8, 0xFF, 0xFF) }
    case .xmm: code.emit(0x0F, stores ? 0x11 : 0x10, modrm)
    }
  }

  private func emitInstruction(_ code: inout HostCode) {
    switch prefix {
    case .none: break
    case .operandSize: code.emit(0x66)
    case .repeatZero: code.emit(0xF3)
    case .repeatNonzero: code.emit(0xF2)
    }
    if form.traits.contains(.wide) && wide { code.emit(0x48) }
    code.emit(0x0F)
    if map == 2 { code.emit(0x38) }
    if map == 3 { code.emit(0x3A) }
    let reg: UInt8 = form.traits.contains(.extended) ? extended : form.reg == .general ? 0 : 2
    code.emit(opcode, usesMemory ? reg << 3 | Self.rmPlace : 0xC0 | reg << 3 | 1)
    if form.traits.contains(.immediate) { code.emit(immediate) }
  }

  /// Stores the destination register; a memory destination is there already.
  private func emitResult(_ code: inout HostCode) {
    let traits = form.traits
    if traits.contains(.readsOnly) || traits.contains(.stores) && memory { return }
    if isString {
      if opcode & 1 != 0 {
        code.rdi(wide: true, [0x89], reg: 1, offset: Core.Field.rcx.rawValue)
      } else {
        code.rdi([0x0F, 0x11], reg: 0, offset: VectorArea.xmm)
      }
    } else if traits.contains(.stores) {
      move(&code, form.rm, 1, Self.rmPlace, stores: true)
    } else {
      move(&code, form.reg, form.reg == .general ? 0 : 2, Self.regPlace, stores: true)
    }
  }
}
