extension Core {
  /// Nothing need be checked of or added to an address in ES, SS or DS.
  var isFlat: Bool { self[.mode] & (Mode.long64 | Mode.flat) != 0 }
  private var stackMask: UInt64 { is64Bit ? .max : self[.mode] & Mode.stack32 != 0 ? 0xFFFF_FFFF : 0xFFFF }

  /// RSP with as many bits of a value as the present stack has.
  private func stackPointer(at value: UInt64) -> UInt64 {
    let mask = stackMask
    return mask == 0xFFFF_FFFF ? value & mask : self[.rsp] & ~mask | value & mask
  }
  private func moveStack(to value: UInt64) { self[.rsp] = stackPointer(at: value) }

  /// Pushes the low `width` bytes of a value.
  @inline(__always) func push(_ value: UInt64, _ width: UInt8) throws(Fault) {
    guard width == 8 && is64Bit else { return try pushNarrow(value, width) }
    let sp = self[.rsp] &- 8
    try write(sp, value)
    self[.rsp] = sp
  }

  private func pushNarrow(_ value: UInt64, _ width: UInt8) throws(Fault) {
    let address = try pushAddress(width)
    switch width {
    case 2: try write(address, UInt16(truncatingIfNeeded: value))
    case 4: try write(address, UInt32(truncatingIfNeeded: value))
    default: try write(address, value)
    }
    moveStack(to: self[.rsp] &- UInt64(width))
  }
  /// The linear address to which so many bytes will be pushed.
  private func pushAddress(_ width: UInt8) throws(Fault) -> UInt64 {
    let sp = (self[.rsp] &- UInt64(width)) & stackMask
    return isFlat ? sp : try linear(.ss, sp, Int(width), write: true)
  }
  /// Faults if a push would.
  func probePush(_ width: UInt8) throws(Fault) { try probe(pushAddress(width), Int(width), write: true) }

  /// A value above the top of the stack, which stays where it is.
  func peek(_ width: UInt8, at depth: UInt64 = 0) throws(Fault) -> UInt64 {
    try readStack((self[.rsp] &+ depth) & stackMask, width)
  }
  private func readStack(_ sp: UInt64, _ width: UInt8) throws(Fault) -> UInt64 {
    let address = isFlat ? sp : try linear(.ss, sp, Int(width), write: false)
    return try readNumber(address, width)
  }
  func drop(_ count: UInt64) { self[.rsp] = stackPointer(without: count) }
  /// RSP when so many bytes are dropped from the present stack.
  func stackPointer(without count: UInt64) -> UInt64 { stackPointer(at: self[.rsp] &+ count) }
  @inline(__always) func pop(_ width: UInt8) throws(Fault) -> UInt64 {
    guard width == 8 && is64Bit else { return try popNarrow(width) }
    let value: UInt64 = try read(self[.rsp])
    self[.rsp] = self[.rsp] &+ 8
    return value
  }
  private func popNarrow(_ width: UInt8) throws(Fault) -> UInt64 {
    let value = try peek(width)
    drop(UInt64(width))
    return value
  }

  func storeOperand(_ i: Instruction, _ value: UInt64, _ width: UInt8) throws(Fault) {
    if !i.isMemory { return setRegister(i.rm, value, width) }
    switch width {
    case 1: try writeOperand(i, UInt8(truncatingIfNeeded: value))
    case 2: try writeOperand(i, UInt16(truncatingIfNeeded: value))
    case 4: try writeOperand(i, UInt32(truncatingIfNeeded: value))
    default: try writeOperand(i, value)
    }
  }

  func popInto(_ i: Instruction) throws(Fault) {
    let old = self[.rsp]
    let value = try pop(i.width)
    guard i.isMemory else { return setRegister(i.rm, value, i.width) }
    do { try storeOperand(i, value, i.width) } catch { self[.rsp] = old; throw error }
  }

  /// PUSHA and POPA.
  func pushAll(_ i: Instruction) throws(Fault) {
    let old = self[.rsp]
    do {
      for register in 0..<8 { try push(register == 4 ? old : self[register: register], i.width) }
    } catch {
      self[.rsp] = old
      throw error
    }
  }

  func popAll(_ i: Instruction) throws(Fault) {
    for place in UInt8(0)..<8 {
      let value = try peek(i.width, at: UInt64(place) * UInt64(i.width))
      if place != 3 { setRegister(7 - place, value, i.width) }
    }
    drop(8 * UInt64(i.width))
  }

  func leaveFrame(_ i: Instruction) throws(Fault) {
    let old = self[.rsp]
    moveStack(to: self[.rbp])
    do { setRegister(5, try pop(i.width), i.width) } catch { self[.rsp] = old; throw error }
  }
  func enterFrame(_ i: Instruction) throws(Fault) {
    let (oldStack, oldFrame) = (self[.rsp], self[.rbp])
    do {
      try push(self[.rbp], i.width)
      let frame = self[.rsp]
      let level = i.secondImmediate & 31
      if level > 0 {
        // The frame pointers of the enclosing procedures, and then the new one.
        for depth in 1..<max(level, 1) {
          let place = (oldFrame &- UInt64(depth) &* UInt64(i.width)) & stackMask
          try push(readStack(place, i.width), i.width)
        }
        try push(frame, i.width)
      }
      let end = (self[.rsp] &- i.immediate & 0xFFFF) & stackMask
      try probe(is64Bit ? end : linear(.ss, end, Int(i.width), write: true), Int(i.width), write: true)
      setRegister(5, frame, i.width)
      moveStack(to: self[.rsp] &- i.immediate & 0xFFFF)
    } catch {
      (self[.rsp], self[.rbp]) = (oldStack, oldFrame)
      throw error
    }
  }

  /// PUSHF and POPF of virtual 8086 mode are the system's, unless IOPL says otherwise.
  private func checkFlagRights() throws(Fault) {
    if isVirtual8086 && self[.systemFlags] & Flags.iopl != Flags.iopl { throw .protection }
  }

  func pushFlags(_ i: Instruction) throws(Fault) {
    try checkFlagRights()
    try push(flags & ~(Flags.rf | Flags.vm), i.width)
  }
  func popFlags(_ i: Instruction) throws(Fault) {
    try checkFlagRights()
    let value = try pop(i.width)
    setFlagsFromGuest(value, i.width)
    openInterrupts()
    leave(to: i.next)
  }
  /// What POPF and IRET may change depends on the privilege.
  /// - Parameter resumes: IRET's RF counts for the next instruction, if there are breakpoints to be met.
  func setFlagsFromGuest(_ value: UInt64, _ width: UInt8, resumes: Bool = false) {
    var mask = Flags.arithmetic | Flags.tf | Flags.df | Flags.nt | Flags.ac | Flags.id
    if cpl == 0 { mask |= Flags.iopl }
    if cpl <= ioPrivilege { mask |= Flags.interrupts }
    if resumes, self[.watching] & Watcher.guest != 0 { mask |= Flags.rf }
    if width == 2 { mask &= 0xFFFF }
    flags = flags & ~mask & ~Flags.rf | value & mask
    selectTranslations()
  }
}
