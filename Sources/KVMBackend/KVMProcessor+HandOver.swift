internal import CLinux
internal import Processor
internal import SoftBackend
internal import Synchronization
internal import SystemBus

/// What KVM cannot emulate: the software processor executes that one instruction on this one's state.
extension KVMProcessor {
  /// Nil if the guest can go on; KVM's own error if the instruction is nothing for the software processor either.
  func handOver(on bus: SystemBus) throws(ProcessorError) -> Pause? {
    guard unsafe shared.pointee.internal.suberror == UInt32(KVM_INTERNAL_ERROR_EMULATION) else { throw internalError() }
    var state = try state()
    let rip = state.rip
    var vectors = kvm_xsave()
    var events = kvm_vcpu_events()
    try check("KVM_GET_XSAVE", unsafe linux_ioctl_pointer(descriptor, linux_KVM_GET_XSAVE, &vectors))
    try check("KVM_GET_VCPU_EVENTS", unsafe linux_ioctl_pointer(descriptor, linux_KVM_GET_VCPU_EVENTS, &events))
    let before = try extra(vectors, events)
    var after = before
    let ending = try presentStandIn().execute(&state, &after, on: bus)
    switch ending {
    case .refused: throw internalError()
    case .shutdown: break
    case .done(let name): backend.whenHandedOver?(HandOver(processor: index, instruction: name, rip: rip))
    }
    // This also takes back the #UD that KVM keeps for a guest whose instruction failed.
    try setState(state)
    try store(after, replacing: before, &vectors, &events)
    if ending == .shutdown { return .shutdown }
    return traps.withLock { $0.isStepping } ? .trapped(.step) : nil
  }

  private func presentStandIn() throws(ProcessorError) -> StandIn {
    if let present = standIn.withLock({ $0 }) { return present }
    let new = try StandIn(memory: backend.memory, tally: backend.tally)
    standIn.withLock { $0 = new }
    return new
  }

  private func extra(_ vectors: kvm_xsave, _ events: kvm_vcpu_events) throws(ProcessorError) -> StandIn.Extra {
    var controls = kvm_xcrs()
    // A host without XSAVE has no XCR0.
    _ = unsafe linux_ioctl_pointer(descriptor, linux_KVM_GET_XCRS, &controls)
    let xcr0 = controls.nr_xcrs > 0 && controls.xcrs.0.xcr == 0 ? controls.xcrs.0.value : 1
    // struct kvm_msrs ends in a flexible array: an 8-byte count, then 16 bytes an entry.
    var list = [UInt64(StandIn.modelSpecific.count)]
    for number in StandIn.modelSpecific { list += [UInt64(number), 0] }
    _ = unsafe linux_ioctl_pointer(descriptor, linux_KVM_GET_MSRS, &list)
    return StandIn.Extra(
      vectors: unsafe withUnsafeBytes(of: vectors) { unsafe Array($0.prefix(StandIn.vectorSize)) }, xcr0: xcr0,
      registers: StandIn.modelSpecific.indices.map { list[2 * $0 + 2] },
      isShadowed: events.interrupt.shadow != 0, blocksNonMaskable: events.nmi.masked != 0)
  }

  private func store(
    _ new: StandIn.Extra, replacing old: StandIn.Extra, _ vectors: inout kvm_xsave, _ events: inout kvm_vcpu_events
  ) throws(ProcessorError) {
    if new.vectors != old.vectors {
      unsafe withUnsafeMutableBytes(of: &vectors) { place in
        unsafe place.copyBytes(from: new.vectors)
      }
      try check("KVM_SET_XSAVE", unsafe linux_ioctl_pointer(descriptor, linux_KVM_SET_XSAVE, &vectors))
    }
    for (number, values) in zip(StandIn.modelSpecific, zip(new.registers, old.registers)) where values.0 != values.1 {
      var list: [UInt64] = [1, UInt64(number), values.0]
      try check("KVM_SET_MSRS", unsafe linux_ioctl_pointer(descriptor, linux_KVM_SET_MSRS, &list))
    }
    guard new.isShadowed != old.isShadowed || new.blocksNonMaskable != old.blocksNonMaskable else { return }
    try check("KVM_GET_VCPU_EVENTS", unsafe linux_ioctl_pointer(descriptor, linux_KVM_GET_VCPU_EVENTS, &events))
    events.interrupt.shadow = new.isShadowed ? UInt8(KVM_X86_SHADOW_INT_STI) : 0
    events.nmi.masked = new.blocksNonMaskable ? 1 : 0
    try check("KVM_SET_VCPU_EVENTS", unsafe linux_ioctl_pointer(descriptor, linux_KVM_SET_VCPU_EVENTS, &events))
  }
}
