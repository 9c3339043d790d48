internal import CLinux
internal import Processor
internal import SoftCPU
internal import Synchronization
internal import SystemBus

/// What KVM cannot emulate: the software processor executes that one instruction on this one's state.
extension KVMProcessor {
  /// Nil if the guest can go on; KVM's own error if the instruction is nothing for the software processor either.
  func handOver(on bus: SystemBus) throws(ProcessorError) -> Pause? {
    guard unsafe shared.pointee.internal.suberror == UInt32(KVM_INTERNAL_ERROR_EMULATION) else { throw internalError() }
    let before = try instructionState()
    var after = before
    let ending = try presentStandIn().execute(&after, on: bus)
    switch ending {
    case .refused: throw internalError()
    case .shutdown: break
    case .done(let name): backend.whenHandedOver?(HandOver(processor: index, instruction: name, rip: before.registers.rip))
    }
    // This also takes back the #UD that KVM keeps for a guest whose instruction failed.
    try setInstructionState(after, replacing: before)
    if ending == .shutdown { return .shutdown }
    return traps.withLock { $0.isStepping } ? .trapped(.step) : nil
  }

  private func presentStandIn() throws(ProcessorError) -> StandIn {
    if let present = standIn.withLock({ $0 }) { return present }
    let new = try StandIn(memory: backend.memory, tally: backend.tally)
    standIn.withLock { $0 = new }
    return new
  }
}
