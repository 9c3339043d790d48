internal import InterruptChips
package import Processor

/// The whole processor, out and in.
extension CoreContext {
  private static let keptRegisters: [Core.Field] = [
    .sysenterCS, .sysenterSP, .sysenterIP, .star, .lstar, .cstar, .sfmask, .kernelGSBase, .tscAux, .pat,
  ]
  /// The part of an XSAVE area that the core keeps as it is, and the place of XSTATE_BV behind it.
  private static let legacySize = 416
  private static let header = 512

  package func architecturalState() -> ArchitecturalState {
    let interrupts = environment.interrupts
    // INIT and start-up messages come before anything else that the processor would do.
    while !interrupts.bell.signals.isDisjoint(with: [.initialize, .startUp]) {
      switch interrupts.poll() {
      case .initialize: initialize()
      case .startUp(let page): start(atPage: page)
      default: break
      }
    }
    var state = instructionState()
    if let (local, nonMaskables) = interrupts.localState(timeStamp: timeStamp) {
      state.localAPIC = local
      state.nonMaskablesPending = nonMaskables
    }
    if interrupts.awaitsStartUp { state.activity = .waitsForStartUp } else if core[.halted] != 0 { state.activity = .halted }
    return state
  }

  /// All but the interrupt chips and what comes from them.
  package func instructionState() -> ArchitecturalState {
    var state = ArchitecturalState(
      registers: state(), vectors: vectorImage, xcr0: core[.xcr0],
      modelSpecificValues: Self.keptRegisters.map { core[$0] })
    state.debug.addresses = [core[.dr0], core[.dr1], core[.dr2], core[.dr3]]
    (state.debug.status, state.debug.control) = (core[.dr6], core[.dr7])
    state.pageKeys = UInt32(truncatingIfNeeded: core[.pkru])
    state.isShadowed = core[.shadow] == core[.rip]
    state.blocksNonMaskable = core[.inNonMaskable] != 0
    return state
  }

  package func setArchitecturalState(_ state: ArchitecturalState) throws(ProcessorError) {
    guard state.xcr0 & ~ExtendedArea.components == 0 else {
      throw ProcessorError("the software CPU has no \(state.xcr0 & 0xE0 != 0 ? "AVX-512" : "such extended state"), which the guest uses.")
    }
    try setInstructionState(state)
    let interrupts = environment.interrupts
    if let local = state.localAPIC {
      timeStamp = local.timeStamp
      interrupts.setLocalState(local)
      interrupts.setWaiting(
        forStartUp: state.activity == .waitsForStartUp, nonMaskablesPending: state.nonMaskablesPending,
        isNonMaskableHandled: state.blocksNonMaskable)
      core[.apicPage] = interrupts.page
    }
    core[.halted] = state.activity == .running ? 0 : 1
    heldEvent = state.event
    core.raise(.interrupt)
  }

  package func setInstructionState(_ state: ArchitecturalState) throws(ProcessorError) {
    guard state.vectors.count == ArchitecturalState.vectorSize, state.modelSpecificValues.count == Self.keptRegisters.count,
      state.debug.addresses.count == 4
    else { throw ProcessorError("the state of a processor has a part of another size.") }
    try setState(state.registers)
    load(vectorImage: state.vectors)
    core[.xcr0] = state.xcr0
    core.setPageKeys(state.pageKeys)
    core.updateMode()
    for (field, value) in zip(Self.keptRegisters, state.modelSpecificValues) { core[field] = value }
    for (field, value) in zip([Core.Field.dr0, .dr1, .dr2, .dr3], state.debug.addresses) { core[field] = value }
    (core[.dr6], core[.dr7]) = (state.debug.status, state.debug.control)
    core.watchBreakpoints()
    core[.shadow] = state.isShadowed ? state.registers.rip : .max
    core[.inNonMaskable] = state.blocksNonMaskable ? 1 : 0
  }

  /// x87, SSE and AVX as XSAVE64 writes them; AVX counts as used only where an upper half is not zero.
  private var vectorImage: [UInt8] {
    var image = (0..<Self.legacySize).map { core.load(Core.vectorState + $0, as: UInt8.self) }
    image += [UInt8](repeating: 0, count: ArchitecturalState.vectorSize - image.count)
    let upper = (0..<ExtendedArea.upperSize).map { core.load(Core.upperHalves + $0, as: UInt8.self) }
    image.replaceSubrange(ExtendedArea.upperOffset..., with: upper)
    image[Self.header] = upper.contains { $0 != 0 } ? 7 : 3
    return image
  }

  private func load(vectorImage image: [UInt8]) {
    for offset in 0..<Self.legacySize { core.store(image[offset], at: Core.vectorState + offset) }
    let hasUpper = image[Self.header] & 4 != 0
    for offset in 0..<ExtendedArea.upperSize { core.store(hasUpper ? image[ExtendedArea.upperOffset + offset] : 0, at: Core.upperHalves + offset) }
  }
}
