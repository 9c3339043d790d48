extension Decoder {
  /// Finds the host code of a vector instruction and the places of its operands, so that to execute it is one call.
  func findHostCode(_ i: inout InstructionRecord, _ operation: inout Operation) {
    guard operation == .vector, !Self.isOwnWork(i) else { return }
    operation = .undefined
    let prefix = VectorForms.Prefix(i.prefixes)
    let form = VectorForms.all[VectorForms.index(map: i.map, prefix: prefix, opcode: i.opcode)]
    let traits = form.traits
    guard form.exists, !traits.contains(i.isMemory ? .registerOnly : .memoryOnly) else { return }
    if traits.contains(.extended), !Self.isShift(i.opcode, i.reg & 7, form.rm) { return }
    let wide = i.prefixes.contains(.rexW)
    let stub = VectorStub(
      map: i.map, prefix: prefix, opcode: i.opcode, extended: i.reg & 7,
      immediate: UInt8(truncatingIfNeeded: i.immediate), wide: wide, memory: i.isMemory, form: form)
    guard let code = VectorStubs.shared.place(stub.key, { stub.code }) else { return }
    operation =
      form.isRare ? .hostedRarely : traits.contains(.float) ? .hostedFloat : .hosted
    i.immediate = code
    i.destination = VectorArea.word(form.reg, i.reg)
    i.source = VectorArea.word(form.rm, i.rm)
    i.width = traits.contains(.wideMemory) && wide ? 8 : form.size
    if i.width == 16 && !traits.contains(.unaligned) { i.prefixes.insert(.aligned) }
    if traits.contains(.stores) { i.prefixes.insert(.writes) }
  }

  /// x87, and what concerns the state as a whole or parts of memory: executed here.
  private static func isOwnWork(_ i: InstructionRecord) -> Bool {
    i.map == 0 || i.map == 1 && [0x77, 0xAE, 0xC7, 0xF7].contains(i.opcode)
  }

  /// Whether a shift by an immediate exists: SHIFT.W, .D and .Q by opcode, whole registers only for XMM.
  private static func isShift(_ opcode: UInt8, _ extended: UInt8, _ operand: VectorForm.Operand) -> Bool {
    switch extended {
    case 2, 6: true
    case 4: opcode != 0x73
    case 3, 7: opcode == 0x73 && operand == .xmm
    default: false
    }
  }
}
