internal import CLinux

/// x87: arithmetic by the host on a masked copy of the state, control instructions here.
extension Core {
  private var status: UInt16 {
    get { load(VectorArea.status) }
    nonmutating set { store(newValue, at: VectorArea.status) }
  }
  private var control: UInt16 {
    get { load(VectorArea.control) }
    nonmutating set { store(newValue, at: VectorArea.control) }
  }
  private static let summary: UInt16 = 0x8080

  /// FWAIT.
  func wait() throws(Fault) {
    let both = CR0.monitor | CR0.taskSwitched
    guard self[.cr0] & both != both else { throw .noCoprocessor }
    try requireNoPendingX87()
  }

  /// #NM when the system wants to hear of x87 instructions.
  func requireX87() throws(Fault) {
    guard self[.cr0] & (CR0.emulation | CR0.taskSwitched) == 0 else { throw .noCoprocessor }
  }

  /// #MF if an unmasked exception waits.
  func requireNoPendingX87() throws(Fault) {
    if status & 0x80 != 0 { throw .x87 }
  }

  /// An opcode that is no instruction.
  func refuseX87() throws(Fault) {
    try requireX87()
    try requireNoPendingX87()
    throw .undefined
  }

  /// An instruction that the host executes.
  func executeX87(_ i: Instruction) throws(Fault) {
    try requireX87()
    try requireNoPendingX87()
    let size = Int(i.width)
    let stores = i.prefixes.contains(.writes)
    var address: UInt64 = 0
    if i.isMemory {
      address = try linear(i, size, write: stores)
      if !stores {
        try read(address, size, to: VectorArea.operand)
      } else if unsafe writeHost(address, size) == nil {
        try probe(address, size, write: true)
      }
    }
    unsafe (base + VectorArea.image).copyMemory(from: base + Self.vectorState, byteCount: 160)
    store(control | 0x3F, at: VectorArea.image)
    store(status & ~(Self.summary | 0x7F), at: VectorArea.image &+ 2)
    store(UInt32(0x1F80), at: VectorArea.image &+ 24)
    store(UInt32(0xFFFF), at: VectorArea.image &+ 28)
    if i.operation == .x87Move { store(moveFlags, at: VectorArea.flags) }
    unsafe callHost(i.immediate, base, base + VectorArea.operand, base)

    let after = load(VectorArea.image &+ 2, as: UInt16.self)
    let raised = after & 0x3F
    let unmasked = raised & ~control & 0x3F
    let sticky = status & 0x7F
    if unmasked & 7 == 0 {
      // Invalid operands, denormals and divisions by zero stop an instruction before it does anything.
      let stackFault = after & 0x40
      if stores { try write(address, size, from: VectorArea.operand) }
      unsafe (base + VectorArea.tags).copyMemory(from: base + VectorArea.image + 4, byteCount: 1)
      unsafe (base + VectorArea.mmx).copyMemory(from: base + VectorArea.image + 32, byteCount: 128)
      status = after & ~(Self.summary | 0x7F) | sticky | raised | stackFault
      if i.operation == .x87Compare { arithmeticFlags = load(VectorArea.flags) }
    } else {
      status = status & ~0x200 | after & 0x200 | raised | after & 0x40
    }
    summarize()
    store(i.x87Opcode, at: VectorArea.lastOpcode)
    store(i.address, at: VectorArea.lastInstruction)
    if i.isMemory { store(address, at: VectorArea.lastOperand) }
  }

  /// CF, PF and ZF as an RFLAGS image.
  private var moveFlags: UInt64 {
    let low = UInt8(truncatingIfNeeded: self[.signResult])
    return 2 | self[.carries] >> 63 | (low.nonzeroBitCount & 1 == 0 ? Flags.pf : 0)
      | (self[.zeroResult] == 0 ? Flags.zf : 0)
  }

  /// ES and B follow from the flags and their masks.
  private func summarize() {
    let pending = status & ~control & 0x3F != 0
    status = status & ~Self.summary | (pending ? Self.summary : 0)
  }

  /// Makes an image that came from memory one that the processor could have written.
  func cleanX87() {
    control = control & 0x1F7F | 0x40
    summarize()
    for k in 0..<8 {
      store(load(VectorArea.mmx &+ k &* 16 &+ 8, as: UInt64.self) & 0xFFFF, at: VectorArea.mmx &+ k &* 16 &+ 8)
    }
    store(UInt8(0), at: VectorArea.tags &+ 1)
    store(load(VectorArea.lastOpcode, as: UInt16.self) & 0x7FF, at: VectorArea.lastOpcode)
  }

  // MARK: Control words and environments

  /// Makes another register the top of the stack. The image is in stack order, so all registers move in it.
  func setStackTop(_ top: UInt16) {
    let shift = Int(top &- status >> 11) & 7
    status = status & ~0x3800 | (top & 7) << 11
    guard shift != 0 else { return }
    for k in 0..<8 { copyPair(VectorArea.mmx &+ k &* 16, VectorArea.image &+ k &* 16) }
    for k in 0..<8 { copyPair(VectorArea.image &+ ((k &+ shift) & 7) &* 16, VectorArea.mmx &+ k &* 16) }
  }

  private func reset() {
    setStackTop(0)
    control = 0x37F
    status = 0
    store(UInt8(0), at: VectorArea.tags)
    store(UInt16(0), at: VectorArea.lastOpcode)
    store(UInt64(0), at: VectorArea.lastInstruction)
    store(UInt64(0), at: VectorArea.lastOperand)
  }

  /// FNINIT.
  func initializeX87() throws(Fault) {
    try requireX87()
    reset()
  }

  /// FNCLEX.
  func clearExceptions() throws(Fault) {
    try requireX87()
    status &= 0x7F00
  }

  /// FNSTSW.
  func storeStatusInAX() throws(Fault) {
    try requireX87()
    store(status, at: Field.rax.rawValue)
  }
  func storeStatus(_ i: Instruction) throws(Fault) {
    try requireX87()
    try writeOperand(i, status)
  }

  /// FNSTCW.
  func storeControlWord(_ i: Instruction) throws(Fault) {
    try requireX87()
    try writeOperand(i, control)
  }

  /// FLDCW.
  func loadControlWord(_ i: Instruction) throws(Fault) {
    try requireX87()
    try requireNoPendingX87()
    control = try readOperand(i, UInt16.self) & 0x1F7F | 0x40
    summarize()
  }

  /// FNSTENV.
  func storeEnvironment(_ i: Instruction) throws(Fault) {
    try requireX87()
    let size = environmentSize(i)
    makeEnvironment(size)
    try write(linear(i, size, write: true), size, from: VectorArea.operand)
    control |= 0x3F
    summarize()
  }

  /// FLDENV.
  func loadEnvironment(_ i: Instruction) throws(Fault) {
    try requireX87()
    try requireNoPendingX87()
    let size = environmentSize(i)
    try read(linear(i, size, write: false), size, to: VectorArea.operand)
    setEnvironment(size)
  }

  /// FNSAVE: the environment, the registers in 80 bytes, and a new beginning.
  func saveX87(_ i: Instruction) throws(Fault) {
    try requireX87()
    let size = environmentSize(i)
    makeEnvironment(size)
    for k in 0..<80 {
      let value = load(VectorArea.mmx &+ k / 10 &* 16 &+ k % 10, as: UInt8.self)
      store(value, at: VectorArea.operand &+ size &+ k)
    }
    try write(linear(i, size + 80, write: true), size + 80, from: VectorArea.operand)
    reset()
  }

  /// FRSTOR.
  func restoreX87(_ i: Instruction) throws(Fault) {
    try requireX87()
    try requireNoPendingX87()
    let size = environmentSize(i)
    try read(linear(i, size + 80, write: false), size + 80, to: VectorArea.operand)
    setEnvironment(size)
    for k in 0..<80 {
      let value = load(VectorArea.operand &+ size &+ k, as: UInt8.self)
      store(value, at: VectorArea.mmx &+ k / 10 &* 16 &+ k % 10)
    }
  }

  /// 28 bytes, or 14 with 16-bit operands.
  private func environmentSize(_ i: Instruction) -> Int { i.width == 2 ? 14 : 28 }

  private func makeEnvironment(_ size: Int) {
    let instruction = load(VectorArea.lastInstruction, as: UInt64.self)
    let operand = load(VectorArea.lastOperand, as: UInt64.self)
    if size == 14 {
      let words = [
        control, status, fullTags, UInt16(truncatingIfNeeded: instruction), 0, UInt16(truncatingIfNeeded: operand), 0,
      ]
      for (k, word) in words.enumerated() { store(word, at: VectorArea.operand &+ k &* 2) }
      return
    }
    let opcode = UInt32(load(VectorArea.lastOpcode, as: UInt16.self)) << 16
    let words = [
      0xFFFF_0000 | UInt32(control), 0xFFFF_0000 | UInt32(status), 0xFFFF_0000 | UInt32(fullTags),
      UInt32(truncatingIfNeeded: instruction), opcode, UInt32(truncatingIfNeeded: operand), 0xFFFF_0000,
    ]
    for (k, word) in words.enumerated() { store(word, at: VectorArea.operand &+ k &* 4) }
  }

  private func setEnvironment(_ size: Int) {
    let step = size / 7
    let word = { (k: Int) in load(VectorArea.operand &+ k &* step, as: UInt16.self) }
    let pointer = { (k: Int) -> UInt64 in
      step == 2 ? UInt64(word(k)) : UInt64(load(VectorArea.operand &+ k &* step, as: UInt32.self))
    }
    control = word(0) & 0x1F7F | 0x40
    setStackTop(word(1) >> 11)
    status = word(1)
    var tags: UInt8 = 0
    for k in UInt16(0)..<8 where word(2) >> (2 * k) & 3 != 3 { tags |= 1 << UInt8(k) }
    store(tags, at: VectorArea.tags)
    store(pointer(3), at: VectorArea.lastInstruction)
    store(step == 2 ? 0 : load(VectorArea.operand &+ 18, as: UInt16.self) & 0x7FF, at: VectorArea.lastOpcode)
    store(pointer(5), at: VectorArea.lastOperand)
    summarize()
  }

  /// The tag word with two bits for each register, from the kept one bit and the register's contents.
  private var fullTags: UInt16 {
    let kept = load(VectorArea.tags, as: UInt8.self)
    let top = Int(status >> 11 & 7)
    var tags: UInt16 = 0
    for k in 0..<8 {
      var tag: UInt16 = 3
      if kept >> UInt8(k) & 1 != 0 {
        let place = VectorArea.mmx &+ ((k &- top) & 7) &* 16
        let mantissa = load(place, as: UInt64.self)
        let exponent = load(place &+ 8, as: UInt16.self) & 0x7FFF
        tag = exponent == 0 && mantissa == 0 ? 1 : exponent == 0 || exponent == 0x7FFF || mantissa >> 63 == 0 ? 2 : 0
      }
      tags |= tag << UInt16(2 * k)
    }
    return tags
  }
}

extension Instruction {
  /// What FNSAVE and its like tell of the opcode and the ModRM byte.
  var x87Opcode: UInt16 { UInt16(opcode & 7) << 8 | UInt16(extension3) << 3 | (isMemory ? 0 : 0xC0 | UInt16(rm & 7)) }
}
