internal import CLinux
public import Processor
internal import Synchronization

/// Stops for a debugger: the processor's four debug registers, lent by the guest, and its trap flag.
extension KVMProcessor {
  public func setTraps(_ traps: DebugTraps) throws(ProcessorError) {
    guard traps.breakpoints.count + traps.watchpoints.count <= 4 else {
      throw ProcessorError("KVM has four breakpoints and watchpoints for each processor; --accel soft has no limit.")
    }
    var wish = kvm_guest_debug()
    var registers = [UInt64](repeating: 0, count: 8)
    for (number, point) in Self.points(traps).enumerated() {
      registers[number] = point.address
      // SDM 3B 18.2.4: enabled globally, then kind and length in four bits each.
      registers[7] |= 2 << UInt64(2 * number) | point.control << UInt64(16 + 4 * number)
    }
    let usesRegisters = registers[7] != 0
    registers[7] |= 0x600
    unsafe withUnsafeMutableBytes(of: &wish.arch.debugreg) { place in
      for number in 0..<8 { unsafe place.storeBytes(of: registers[number], toByteOffset: 8 * number, as: UInt64.self) }
    }
    if usesRegisters { wish.control |= UInt32(KVM_GUESTDBG_USE_HW_BP) }
    if traps.isStepping { wish.control |= UInt32(KVM_GUESTDBG_SINGLESTEP) }
    if wish.control != 0 { wish.control |= UInt32(KVM_GUESTDBG_ENABLE) }
    var plain = wish
    if traps.isStepping { wish.control |= UInt32(KVM_GUESTDBG_BLOCKIRQ) }
    // Kernels before 5.16 cannot keep interrupts away from a step.
    if unsafe linux_ioctl_pointer(descriptor, linux_KVM_SET_GUEST_DEBUG, &wish) < 0 {
      try check("KVM_SET_GUEST_DEBUG", unsafe linux_ioctl_pointer(descriptor, linux_KVM_SET_GUEST_DEBUG, &plain))
    }
    self.traps.withLock { $0 = traps }
  }

  /// Address, and the control bits: kind in the low two, length in the high two.
  private static func points(_ traps: DebugTraps) -> [(address: UInt64, control: UInt64)] {
    traps.breakpoints.sorted().map { ($0, 0) }
      + watchpoints(traps).map { watch in
        let length: UInt64 = [1: 0, 2: 1, 4: 3, 8: 2][watch.count] ?? 0
        return (watch.address, length << 2 | (watch.reads ? 3 : 1))
      }
  }

  private static func watchpoints(_ traps: DebugTraps) -> [DebugTraps.Watchpoint] {
    traps.watchpoints.sorted { ($0.address, $0.count) < ($1.address, $1.count) }
  }

  /// What DR6 says of the exit.
  var debugTrap: DebugTrap {
    let hits = unsafe shared.pointee.debug.arch.dr6
    let traps = traps.withLock { $0 }
    let watchpoints = Self.watchpoints(traps)
    for number in 0..<4 where hits >> UInt64(number) & 1 == 1 {
      if number < traps.breakpoints.count { return .breakpoint }
      let place = number - traps.breakpoints.count
      if place < watchpoints.count { return .watchpoint(watchpoints[place]) }
    }
    return traps.isStepping ? .step : .breakpoint
  }
}
