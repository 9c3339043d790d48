/// Where near branches may lead, and whose fault it is when an address is none.
extension Core {
  /// #GP unless code can be at an offset of the present code segment.
  func requireTarget(_ target: UInt64) throws(Fault) {
    guard is64Bit ? Self.isCanonical(target) : target <= segmentLimit(.cs) else { throw .protection }
  }

  /// The slow end of a jump, to where nobody has been yet.
  func jump(to target: UInt64) throws(Fault) {
    try requireTarget(target)
    self[.rip] = target
  }

  /// The slow end of a call: the stack's faults come first.
  func call(_ i: Instruction, to target: UInt64) throws(Fault) {
    do { try requireTarget(target) } catch {
      try probePush(i.width)
      throw error
    }
    try push(i.next, i.width)
    self[.rip] = target
  }

  /// The slow end of RET, which has taken its target from the stack; it is there again if the target is none.
  func arrive(_ i: Instruction, at target: UInt64) throws(Fault) {
    do { try requireTarget(target) } catch {
      drop(0 &- (UInt64(i.width) + i.immediate))
      throw error
    }
    self[.rip] = target
  }

  /// LOOP, LOOPE and LOOPNE.
  func loop(_ i: Instruction) throws(Fault) {
    let count = truncated(self[.rcx] &- 1, i.addressWidth)
    let isWanted = i.operation == .loop || isZero == (i.operation == .loope)
    let isTaken = count != 0 && isWanted
    if isTaken { try requireTarget(i.immediate) }
    setRegister(1, count, i.addressWidth)
    leave(to: isTaken ? i.immediate : i.next)
  }

  func jumpIfCountIsZero(_ i: Instruction) throws(Fault) {
    let isTaken = truncated(self[.rcx], i.addressWidth) == 0
    if isTaken { try requireTarget(i.immediate) }
    leave(to: isTaken ? i.immediate : i.next)
  }

  /// An access out of reach is #SS if it is to the stack or relative to RSP or RBP, and else #GP.
  func outOfReachFault(_ i: Instruction, _ address: UInt64) -> Fault {
    let isOperand = i.isMemory && (!i.operation.traits.contains(.usesStack) || address == operandAddress(i))
    let isStack = isOperand ? i.prefixes.contains(.throughStack) : i.operation.traits.contains(.usesStack)
    return isStack ? .stack(0) : .protection
  }

  private func operandAddress(_ i: Instruction) -> UInt64 {
    effectiveAddress(i) &+ segmentBase(i.segment)
  }
}
