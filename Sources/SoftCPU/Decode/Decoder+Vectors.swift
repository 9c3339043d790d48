extension Decoder {
  /// Finds the host code of a vector instruction and the places of its operands, so that to execute it is one call.
  func findHostCode(_ i: inout InstructionRecord, _ operation: inout Operation) {
    guard operation == .vector else { return }
    operation = .undefined
    let stub = VectorStub(i, is64Bit: core.is64Bit)
    let form = stub.form
    let traits = form.traits
    guard form.exists, !traits.contains(i.isMemory ? .registerOnly : .memoryOnly) else { return }
    if traits.contains(.extended), !Self.isShift(i.opcode, i.reg & 7, form.rm) { return }
    if i.prefixes.contains(.vex) {
      guard i.vvvv == 0 || stub.usesSource || traits.contains(.target) else { return }
      guard !traits.contains(i.prefixes.contains(.vexW) ? .narrow : .widened) else { return }
    }
    guard let code = VectorStubs.shared.place(stub.key, { stub.code }) else { return }
    operation = form.isRare ? .hostedRarely : traits.contains(.float) ? .hostedFloat : .hosted
    i.secondImmediate = UInt8(truncatingIfNeeded: i.immediate)
    i.immediate = code
    i.destination = VectorArea.word(form.reg, i.reg)
    i.source = VectorArea.word(form.rm, i.rm)
    i.width = traits.contains(.wideMemory) && stub.wide ? 8 : form.size
    if i.width >= 16 && !traits.contains(.unaligned) { i.prefixes.insert(.aligned) }
    if traits.contains(.stores) { i.prefixes.insert(.writes) }
  }

  /// Whether a shift by an immediate exists: SHIFT.W, .D and .Q by opcode, whole registers only for XMM.
  private static func isShift(_ opcode: UInt8, _ extended: UInt8, _ operand: VectorForm.Operand) -> Bool {
    switch extended {
    case 2, 6: true
    case 4: opcode != 0x73
    case 3, 7: opcode == 0x73 && operand != .mmx
    default: false
    }
  }
}
