/// What only code of 16 and 32 bits has: decimal arithmetic, all registers at once, far pointers, bounds.
extension Core {
  private var al: UInt8 {
    get { load(0) }
    nonmutating set { store(newValue, at: 0) }
  }
  private var ah: UInt8 {
    get { load(1) }
    nonmutating set { store(newValue, at: 1) }
  }
  private var hasAdjust: Bool { self[.adjust] & Flags.af != 0 }

  /// DAA and DAS: the sum or difference of two packed decimal bytes (SDM 2A).
  func decimalAdjust(subtracting: Bool) {
    let old = al
    let hadCarry = carry != 0
    let low = old & 15 > 9 || hasAdjust
    let high = old > 0x99 || hadCarry
    let amount: UInt8 = (low ? 6 : 0) &+ (high ? 0x60 : 0)
    // A borrow out of the low digit counts even if the high one needs no correction.
    let borrow = subtracting && low && old < 6
    al = subtracting ? old &- amount : old &+ amount
    setResult(al)
    self[.adjust] = low ? Flags.af : 0
    setCarry(high || borrow ? 1 : 0, overflow: 0)
  }

  /// AAA, AAS, AAM and AAD: unpacked decimal digits in AH and AL.
  func asciiAdjust(_ i: Instruction) throws(Fault) {
    let base = UInt8(truncatingIfNeeded: i.immediate)
    switch i.opcode {
    case 0x37, 0x3F:
      let adjusts = al & 15 > 9 || hasAdjust
      if adjusts {
        let ax: UInt16 = load(0)
        store(i.opcode == 0x37 ? ax &+ 0x106 : ax &- 0x106, at: 0)
      }
      al &= 15
      setResult(al)
      self[.adjust] = adjusts ? Flags.af : 0
      setCarry(adjusts ? 1 : 0, overflow: 0)
    case 0xD4:
      if base == 0 { throw .divide }
      (ah, al) = (al / base, al % base)
      _ = logical(al)
    default:
      (al, ah) = (al &+ ah &* base, 0)
      _ = logical(al)
    }
  }

  /// SALC: AL from the carry flag.
  func setALFromCarry() { al = carry != 0 ? 0xFF : 0 }

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

  /// BOUND: #BR unless a signed index lies between two limits in memory.
  func checkBounds(_ i: Instruction) throws(Fault) {
    let place = effectiveAddress(i)
    func limit(_ number: UInt64) throws(Fault) -> Int64 {
      let address = try linear(i.segment, place &+ number * UInt64(i.width), Int(i.width), write: false)
      return Self.signed(try readNumber(address, i.width), i.width)
    }
    let index = Self.signed(self[register: Int(i.reg)], i.width)
    let (lowest, highest) = (try limit(0), try limit(1))
    if index < lowest || index > highest { throw .bound }
  }

  private static func signed(_ value: UInt64, _ width: UInt8) -> Int64 {
    width == 2 ? Int64(Int16(truncatingIfNeeded: value)) : Int64(Int32(truncatingIfNeeded: value))
  }

  /// Reads 2, 4 or 8 bytes at a linear address.
  func readNumber(_ address: UInt64, _ width: UInt8) throws(Fault) -> UInt64 {
    switch width {
    case 2: UInt64(try read(address, UInt16.self))
    case 4: UInt64(try read(address, UInt32.self))
    default: try read(address, UInt64.self)
    }
  }

  /// LES, LDS, LSS, LFS and LGS.
  func loadFarPointer(_ i: Instruction) throws(Fault) {
    let address = try linear(i, Int(i.width) + 2, write: false)
    let offset = try readNumber(address, i.width)
    let selector: UInt16 = try read(address &+ UInt64(i.width))
    let segment =
      switch (i.map, i.opcode) {
      case (0, 0xC4): Segment.es
      case (0, _): Segment.ds
      case (_, 0xB2): Segment.ss
      case (_, 0xB4): Segment.fs
      default: Segment.gs
      }
    try loadSegment(segment, selector)
    setRegister(i.reg, offset, i.width)
    if segment == Segment.ss { self[.shadow] = i.next }
    leave(to: i.next)
  }

  /// ARPL: raises a selector's requested privilege level to another's.
  func adjustPrivilege(_ i: Instruction) throws(Fault) {
    guard isProtected, !isVirtual8086 else { throw .undefined }
    let wanted = get(i.source, UInt16.self) & 3
    let selector: UInt16 = i.isMemory ? try readOperand(i) : get(i.destination)
    let isLower = selector & 3 < wanted
    if isLower { try storeOperand(i, UInt64(selector & ~3 | wanted), 2) }
    setZero(isLower)
  }

  /// Changes ZF alone.
  func setZero(_ value: Bool) {
    let bits = arithmeticFlags
    arithmeticFlags = value ? bits | Flags.zf : bits & ~Flags.zf
  }
}
