internal import CLinux
internal import Glibc
public import Processor

/// The whole processor, out and in.
extension KVMProcessor {
  private static let header = 512
  private static let timeStampRegister: UInt32 = 0x10
  private static let deadlineRegister: UInt32 = 0x6E0
  private static let interruptFlag: UInt64 = 0x200

  public func architecturalState() throws(ProcessorError) -> ArchitecturalState {
    let activity = try activity()
    var state = try instructionState()
    var page = kvm_lapic_state()
    try check("KVM_GET_LAPIC", unsafe linux_ioctl_pointer(descriptor, linux_KVM_GET_LAPIC, &page))
    let special = try specialRegisters()
    state.localAPIC = LocalAPICState(
      page: unsafe withUnsafeBytes(of: page.regs) { unsafe Array($0) }, base: special.apic_base,
      deadline: modelSpecific(Self.deadlineRegister), timeStamp: modelSpecific(Self.timeStampRegister))
    state.activity = activity
    return state
  }

  /// Whether nothing but a message of another processor can make this one go on, and none is on its way. While it is
  /// outside the guest.
  var canNeverGoOn: Bool {
    do throws(ProcessorError) {
      switch try activity() {
      case .running: return false
      case .waitsForStartUp: return true
      case .halted:
        let events = try events()
        let isSentFor = events.nmi.pending | events.nmi.injected | events.smi.pending != 0
        let isDeaf = try state().rflags & Self.interruptFlag == 0
        return isDeaf && !isSentFor
      }
    } catch {
      return false
    }
  }

  /// What came for a processor that waits takes effect when this is asked for.
  private func activity() throws(ProcessorError) -> ArchitecturalState.Activity {
    var activity = kvm_mp_state()
    try check("KVM_GET_MP_STATE", unsafe linux_ioctl_pointer(descriptor, linux_KVM_GET_MP_STATE, &activity))
    return switch activity.mp_state {
    case UInt32(KVM_MP_STATE_HALTED): .halted
    case UInt32(KVM_MP_STATE_UNINITIALIZED), UInt32(KVM_MP_STATE_INIT_RECEIVED): .waitsForStartUp
    default: .running
    }
  }

  /// All but the local APIC and what the processor waits for.
  func instructionState() throws(ProcessorError) -> ArchitecturalState {
    var controls = kvm_xcrs()
    // A host without XSAVE has no XCR0.
    _ = unsafe linux_ioctl_pointer(descriptor, linux_KVM_GET_XCRS, &controls)
    let xcr0 = controls.nr_xcrs > 0 && controls.xcrs.0.xcr == 0 ? controls.xcrs.0.value : 1
    let vectors = try vectors()
    var state = ArchitecturalState(
      registers: try state(), vectors: Self.image(vectors), xcr0: xcr0,
      modelSpecificValues: ArchitecturalState.modelSpecific.map(modelSpecific))
    state.pageKeys = Self.pageKeys(in: vectors)
    var debug = kvm_debugregs()
    try check("KVM_GET_DEBUGREGS", unsafe linux_ioctl_pointer(descriptor, linux_KVM_GET_DEBUGREGS, &debug))
    state.debug.addresses = [debug.db.0, debug.db.1, debug.db.2, debug.db.3]
    (state.debug.status, state.debug.control) = (debug.dr6, debug.dr7)
    let events = try events()
    state.isShadowed = events.interrupt.shadow != 0
    // One that is injected has been accepted, but not begun.
    state.blocksNonMaskable = events.nmi.masked != 0 && events.nmi.injected == 0
    state.nonMaskablesPending = min(events.nmi.injected == 0 ? events.nmi.pending : events.nmi.pending &+ 1, 2)
    if events.exception.injected != 0 {
      let code = events.exception.has_error_code != 0 ? events.exception.error_code : nil
      state.event = .init(vector: events.exception.nr, errorCode: code, isExternal: false)
    } else if events.interrupt.injected != 0 {
      state.event = .init(vector: events.interrupt.nr, errorCode: nil, isExternal: events.interrupt.soft == 0)
    }
    return state
  }

  public func setArchitecturalState(_ state: ArchitecturalState) throws(ProcessorError) {
    if let local = state.localAPIC {
      guard local.page.count == LocalAPICState.pageSize else {
        throw ProcessorError("the state of a processor has a part of another size.")
      }
      var special = try specialRegisters()
      special.apic_base = local.base
      try check("KVM_SET_SREGS", unsafe linux_ioctl_pointer(descriptor, linux_KVM_SET_SREGS, &special))
      try setModelSpecific(Self.timeStampRegister, local.timeStamp)
      var page = kvm_lapic_state()
      unsafe withUnsafeMutableBytes(of: &page.regs) { unsafe $0.copyBytes(from: local.page) }
      try check("KVM_SET_LAPIC", unsafe linux_ioctl_pointer(descriptor, linux_KVM_SET_LAPIC, &page))
      if local.deadline != 0 { try setModelSpecific(Self.deadlineRegister, local.deadline) }
    }
    try setInstructionState(state, replacing: nil)
    var activity = kvm_mp_state()
    activity.mp_state =
      switch state.activity {
      case .running: UInt32(KVM_MP_STATE_RUNNABLE)
      case .halted: UInt32(KVM_MP_STATE_HALTED)
      case .waitsForStartUp: UInt32(index == 0 ? KVM_MP_STATE_INIT_RECEIVED : KVM_MP_STATE_UNINITIALIZED)
      }
    try check("KVM_SET_MP_STATE", unsafe linux_ioctl_pointer(descriptor, linux_KVM_SET_MP_STATE, &activity))
  }

  /// - Parameter old: what this processor is now, if that is known: only what differs is then told to KVM.
  func setInstructionState(_ new: ArchitecturalState, replacing old: ArchitecturalState?) throws(ProcessorError) {
    guard new.vectors.count == ArchitecturalState.vectorSize, new.debug.addresses.count == 4,
      new.modelSpecificValues.count == ArchitecturalState.modelSpecific.count
    else { throw ProcessorError("the state of a processor has a part of another size.") }
    try setState(new.registers)
    if new.xcr0 != old?.xcr0 {
      var controls = kvm_xcrs()
      controls.nr_xcrs = 1
      controls.xcrs.0.value = new.xcr0
      let result = unsafe linux_ioctl_pointer(descriptor, linux_KVM_SET_XCRS, &controls)
      // A host without XSAVE has no XCR0, and its guests none to lose.
      if new.xcr0 != 1 { try check("KVM_SET_XCRS", result) }
    }
    if new.vectors != old?.vectors || new.pageKeys != old?.pageKeys {
      guard new.pageKeys == 0 || Self.keysOffset != nil else {
        throw ProcessorError("the host's processor has no protection keys, which the guest uses.")
      }
      var vectors = try vectors()
      unsafe withUnsafeMutableBytes(of: &vectors) { place in
        let rest = unsafe Array(place[Self.header..<Self.header + 8])
        unsafe place.copyBytes(from: new.vectors)
        unsafe place[Self.header..<Self.header + 8].copyBytes(from: rest)
        unsafe place[Self.header] = new.vectors[Self.header] & 7 | rest[0] & ~7
        unsafe place[Self.header + 1] = rest[1] & ~Self.keysComponent
        if let offset = Self.keysOffset, new.pageKeys != 0 {
          unsafe place[Self.header + 1] |= Self.keysComponent
          unsafe place.storeBytes(of: new.pageKeys, toByteOffset: offset, as: UInt32.self)
        }
      }
      try check("KVM_SET_XSAVE", unsafe linux_ioctl_pointer(descriptor, linux_KVM_SET_XSAVE, &vectors))
    }
    for (place, number) in ArchitecturalState.modelSpecific.enumerated()
    where new.modelSpecificValues[place] != old?.modelSpecificValues[place] {
      try setModelSpecific(number, new.modelSpecificValues[place])
    }
    if new.debug != old?.debug {
      var debug = kvm_debugregs()
      let addresses = new.debug.addresses
      debug.db = (addresses[0], addresses[1], addresses[2], addresses[3])
      (debug.dr6, debug.dr7) = (new.debug.status, new.debug.control)
      try check("KVM_SET_DEBUGREGS", unsafe linux_ioctl_pointer(descriptor, linux_KVM_SET_DEBUGREGS, &debug))
    }
    try setEvents(new, replacing: old)
  }

  private func setEvents(_ new: ArchitecturalState, replacing old: ArchitecturalState?) throws(ProcessorError) {
    if let old, new.isShadowed == old.isShadowed, new.blocksNonMaskable == old.blocksNonMaskable, new.event == old.event,
      new.nonMaskablesPending == old.nonMaskablesPending
    {
      return
    }
    var events = try events()
    events.interrupt.shadow = new.isShadowed ? UInt8(KVM_X86_SHADOW_INT_STI) : 0
    events.nmi.masked = new.blocksNonMaskable ? 1 : 0
    events.nmi.injected = 0
    events.nmi.pending = new.nonMaskablesPending
    events.exception.injected = 0
    events.interrupt.injected = 0
    if let event = new.event, event.isExternal {
      (events.interrupt.injected, events.interrupt.nr, events.interrupt.soft) = (1, event.vector, 0)
    } else if let event = new.event {
      (events.exception.injected, events.exception.nr) = (1, event.vector)
      events.exception.has_error_code = event.errorCode == nil ? 0 : 1
      events.exception.error_code = event.errorCode ?? 0
    }
    events.flags = UInt32(KVM_VCPUEVENT_VALID_NMI_PENDING) | UInt32(KVM_VCPUEVENT_VALID_SHADOW)
    try check("KVM_SET_VCPU_EVENTS", unsafe linux_ioctl_pointer(descriptor, linux_KVM_SET_VCPU_EVENTS, &events))
  }

  // MARK: Parts

  private func specialRegisters() throws(ProcessorError) -> kvm_sregs {
    var special = kvm_sregs()
    try check("KVM_GET_SREGS", unsafe linux_ioctl_pointer(descriptor, linux_KVM_GET_SREGS, &special))
    return special
  }

  private func vectors() throws(ProcessorError) -> kvm_xsave {
    var vectors = kvm_xsave()
    try check("KVM_GET_XSAVE", unsafe linux_ioctl_pointer(descriptor, linux_KVM_GET_XSAVE, &vectors))
    return vectors
  }

  /// Where KVM has PKRU, if the host has it; and its bit in the second byte of the header.
  private static var keysOffset: Int? {
    let offset = Int(linux_xsave_offset(9))
    return offset == 0 || offset > MemoryLayout<kvm_xsave>.size - 8 ? nil : offset
  }
  private static let keysComponent: UInt8 = 2

  private static func pageKeys(in vectors: kvm_xsave) -> UInt32 {
    guard let offset = keysOffset else { return 0 }
    return unsafe withUnsafeBytes(of: vectors) { place in
      unsafe place[header + 1] & keysComponent == 0 ? 0 : place.loadUnaligned(fromByteOffset: offset, as: UInt32.self)
    }
  }

  private func events() throws(ProcessorError) -> kvm_vcpu_events {
    var events = kvm_vcpu_events()
    try check("KVM_GET_VCPU_EVENTS", unsafe linux_ioctl_pointer(descriptor, linux_KVM_GET_VCPU_EVENTS, &events))
    return events
  }

  /// Zero where this host has no such register.
  private func modelSpecific(_ number: UInt32) -> UInt64 {
    // struct kvm_msrs ends in a flexible array: an 8-byte count, then 16 bytes an entry.
    var list: [UInt64] = [1, UInt64(number), 0]
    _ = unsafe linux_ioctl_pointer(descriptor, linux_KVM_GET_MSRS, &list)
    return list[2]
  }

  /// How many registers KVM has set, up to the first that this host does not have, or a negative errno.
  @discardableResult
  func writeModelSpecific(_ values: [(number: UInt32, value: UInt64)]) -> Int32 {
    var list = [UInt64(values.count)] + values.flatMap { [UInt64($0.number), $0.value] }
    return unsafe linux_ioctl_pointer(descriptor, linux_KVM_SET_MSRS, &list)
  }

  private func setModelSpecific(_ number: UInt32, _ value: UInt64) throws(ProcessorError) {
    let result = writeModelSpecific([(number, value)])
    // A register that this host does not have has nothing to lose.
    if value != 0 { try check("KVM_SET_MSRS", result == 0 ? -EINVAL : result) }
  }

  /// What x87, SSE and AVX hold, in the one form that `ArchitecturalState` has for it: what is not in use is zero, and AVX
  /// is in use only where an upper half is not zero.
  private static func image(_ vectors: kvm_xsave) -> [UInt8] {
    var image = unsafe withUnsafeBytes(of: vectors) { unsafe Array($0.prefix(ArchitecturalState.vectorSize)) }
    let upper = 576..<ArchitecturalState.vectorSize
    let isUsed = image[header] & 4 != 0 && image[upper].contains { $0 != 0 }
    if !isUsed { image.replaceSubrange(upper, with: repeatElement(0, count: upper.count)) }
    image.replaceSubrange(416..<header, with: repeatElement(0, count: header - 416))
    image.replaceSubrange(header + 8..<upper.lowerBound, with: repeatElement(0, count: 56))
    // PKRU is told apart.
    image[header + 1] &= ~keysComponent
    image[header] = image[header] & ~7 | (isUsed ? 7 : 3)
    return image
  }
}
