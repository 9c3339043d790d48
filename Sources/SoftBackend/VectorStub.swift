/// The host code for one vector instruction: `reg` becomes register 2 (or RAX), `rm` register 1 (or RCX) or `[rdx]`.
struct VectorStub {
  var map: UInt8
  var prefix: VectorForms.Prefix
  var opcode: UInt8
  var extended: UInt8
  var immediate: UInt8
  var wide: Bool
  var memory: Bool
  var form: VectorForm

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
    let float = traits.contains(.float)
    var code = HostCode()
    if float {
      code.rdi([0x0F, 0xAE], reg: 3, offset: VectorArea.hostControl)
      code.rdi([0x0F, 0xAE], reg: 2, offset: VectorArea.workControl)
    }
    switch form.reg {
    case .none: break
    case .general: code.emit(0x48, 0x8B, 0x06)
    case .mmx: code.emit(0x0F, 0x6F, 0x16)
    case .xmm: code.emit(0x0F, 0x10, 0x16)
    }
    if !usesMemory {
      switch form.rm {
      case .none: break
      case .general: code.emit(0x48, 0x8B, 0x0A)
      case .mmx: code.emit(0x0F, 0x6F, 0x0A)
      case .xmm: code.emit(0x0F, 0x10, 0x0A)
      }
    }
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
    if float {
      code.rdi([0x0F, 0xAE], reg: 3, offset: VectorArea.workControl)
      code.rdi([0x0F, 0xAE], reg: 2, offset: VectorArea.hostControl)
    }
    if form.reg == .mmx || form.rm == .mmx { code.emit(0x0F, 0x77) }
    code.emit(0xC3)
    return code
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
    code.emit(opcode, usesMemory ? reg << 3 | 2 : 0xC0 | reg << 3 | 1)
    if form.traits.contains(.immediate) { code.emit(immediate) }
  }

  /// Stores the destination register where the core takes it from; a memory destination is there already.
  private func emitResult(_ code: inout HostCode) {
    let traits = form.traits
    if traits.contains(.readsOnly) || traits.contains(.stores) && memory { return }
    if isString {
      if opcode & 1 != 0 {
        code.rdi(wide: true, [0x89], reg: 1, offset: VectorArea.result)
      } else {
        code.rdi([0x0F, 0x11], reg: 0, offset: VectorArea.result)
      }
      return
    }
    let stores = traits.contains(.stores)
    switch stores ? form.rm : form.reg {
    case .none: break
    case .general: code.rdi(wide: true, [0x89], reg: stores ? 1 : 0, offset: VectorArea.result)
    case .mmx: code.rdi([0x0F, 0x7F], reg: stores ? 1 : 2, offset: VectorArea.result)
    case .xmm: code.rdi([0x0F, 0x11], reg: stores ? 1 : 2, offset: VectorArea.result)
    }
  }
}
