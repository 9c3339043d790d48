internal import Assembler

/// Where an access to memory goes.
struct MemoryAccess {
  enum Address {
    case operand(Instruction)
    /// RSP and a distance; or RBP's place, for LEAVE.
    case register(Register, Int32)
    /// The place of a bit whose number is in a register, and may be anywhere.
    case bit(Instruction)
  }
  var address: Address
  var size: Int
  var use: SoftTLB.Use
  /// The near entry to try first: a register's number, 16 for FS or 17 for GS; none if the address is a constant.
  var near: Int?
  static let firstSegment = 16

  init(operand i: Instruction, size: Int, write: Bool) {
    address = .operand(i)
    self.size = size
    use = write ? .write : .read
    near = i.segment.hasBase64 ? Self.firstSegment + (i.segment == .fs ? 0 : 1) : i.base != 128 ? Int(i.base) / 8 : i.index != 128 ? Int(i.index) / 8 : nil
  }
  /// BT and its like with a bit number in a register.
  init(bitOf i: Instruction, write: Bool) {
    self.init(operand: i, size: Int(i.width), write: write)
    // Without a base the number itself leads somewhere.
    address = .bit(i)
    near = near ?? Int(i.reg)
  }
  init(_ register: Register, _ distance: Int32, size: Int, write: Bool) {
    address = .register(register, distance)
    self.size = size
    use = write ? .write : .read
    near = Int(register.rawValue)
  }

  /// The register and the distance that make up the address, if it is no more than that.
  var place: (base: Register, distance: Int32)? {
    switch address {
    case .register(let register, let distance): (register, distance)
    case .operand(let i) where i.base != 128 && i.index == 128 && i.segment == .flat && i.addressWidth == 8:
      (Register(number: i.base / 8), Int32(truncatingIfNeeded: i.displacement))
    default: nil
    }
  }
}

/// Guest memory: every access goes through a lookup that proves its page, and that it does not leave it.
extension BlockTranslation {
  /// Begins an access by instruction `k`, and perhaps those that follow: the operand to use in it, by T0. If it is no span's,
  /// T0 is a place on the host.
  ///
  /// - Parameter aligned: the instruction faults if its operand is not at a multiple of its size.
  mutating func look(_ access: MemoryAccess, _ k: Int, count: Int = 1, aligned: Bool = false) -> Memory {
    if let memory = spanned(access) { return memory }
    giveUpFlags(before: k)
    span = findSpan(access, k, count: count)
    let sought = span?.access ?? access
    let (miss, hit, resume) = (asm.makeLabel(), asm.makeLabel(), asm.makeLabel())
    var path = SlowPath(miss: miss, hit: hit, resume: resume, access: sought, first: k, count: count, flagsBefore: isLiveBefore[k])
    path.vectorsBefore = vectors
    if let near = nearRegister(sought) {
      let entry = SoftTLB.near(context.set, sought.use, near)
      emitAddress(sought.address)
      path.residentsBefore = residents
      asm.apply(.sub, Self.t0, .memory(.gs(SoftTLB.nearPages + entry)))
      asm.apply(.cmp, Self.t0, .memory(.gs(SoftTLB.nearLimits(for: sought.size) + entry)))
      asm.jump(if: .notBelow, miss)
      if span != nil { asm.load(Self.t0, .gs(SoftTLB.nearDistances + entry)) } else { asm.apply(.add, Self.t0, .memory(.gs(SoftTLB.nearHosts + entry))) }
    } else if sought.near != nil {
      emitTableLookup(sought, miss)
    } else {
      emitConstantLookup(access, miss)
      path.residentsBefore = residents
    }
    asm.place(hit)
    if let span {
      path.count = span.last - k + 1
      path.isSpan = true
      // An access for reading looks for no page that may be written.
      path.asksNobody = access.use != sought.use
    }
    if aligned {
      let unfit = asm.makeLabel()
      asm.test(.byte, .register(Self.t0), Int32(access.size - 1))
      asm.jump(if: .notEqual, unfit)
      path.unfit = unfit
    }
    slowPaths.append(path)
    return spanned(access) ?? Memory(Self.t0)
  }

  /// The operand of an access that the present span has looked up.
  private func spanned(_ access: MemoryAccess) -> Memory? {
    guard span != nil, let place = access.place else { return nil }
    return Memory(place.base, index: Self.t0, displacement: place.distance)
  }

  /// The instructions of the last `look`, or of the last ones, are done. Those of a span are when the span ends.
  mutating func lookedUp(_ lookups: Int = 1) {
    guard span == nil else { return }
    for path in slowPaths.count - lookups..<slowPaths.count {
      asm.place(slowPaths[path].resume)
      slowPaths[path].vectorsAfter = vectors
      slowPaths[path].residentsAfter = residents.loaded
      slowPaths[path].restoresFlags = flagsInHost && isLiveAfter[slowPaths[path].first + slowPaths[path].count - 1]
    }
  }

  /// The near entry to try; none where they have not earned their place. A system's code, in the upper half of addresses,
  /// goes from one structure to the next, by the same few registers: there only the stack and what GS leads to stay near.
  func nearRegister(_ access: MemoryAccess) -> Int? {
    guard let near = access.near, near != Int(Register.rsp.rawValue) else { return access.near }
    let isSystem = context.set != 0 && rip >> (context.is64Bit ? 63 : 31) != 0
    return context.triesNearEntries && (!isSystem || near >= MemoryAccess.firstSegment) ? near : nil
  }

  private mutating func emitTableLookup(_ access: MemoryAccess, _ miss: Label) {
    let table = SoftTLB.table(context.set, access.use)
    emitAddress(access.address)
    asm.move(.long, Self.t1, .register(Self.t0))
    asm.shift(.shr, .long, .register(Self.t1), by: 8)
    asm.apply(.and, .long, .register(Self.t1), Int32(SoftTLB.lineMask))
    asm.apply(.sub, Self.t0, .memory(.gs(table, index: Self.t1)))
    asm.apply(.cmp, .quad, .register(Self.t0), Int32(4096 - access.size))
    asm.jump(if: .above, miss)
    if span != nil {
      asm.load(Self.t0, .gs(table + 8, index: Self.t1))
    } else {
      asm.apply(.add, Self.t0, .memory(.gs(table, index: Self.t1)))
      asm.apply(.add, Self.t0, .memory(.gs(table + 8, index: Self.t1)))
    }
  }

  /// The address is known, and so are its line in the table and its place in the page.
  private mutating func emitConstantLookup(_ access: MemoryAccess, _ miss: Label) {
    guard case .operand(let i) = access.address else { preconditionFailure("only an operand's address is constant") }
    let address = constantAddress(i)
    let line = SoftTLB.table(context.set, access.use) + Int(truncatingIfNeeded: address >> 8 & SoftTLB.lineMask)
    let (page, offset) = (address & ~0xFFF, address & 0xFFF)
    guard Int(offset) + access.size <= 4096 else { return asm.jump(miss) }
    asm.move(Self.t0, page)
    asm.apply(.cmp, Self.t0, .memory(.gs(line)))
    asm.jump(if: .notEqual, miss)
    asm.apply(.add, Self.t0, .memory(.gs(line + 8)))
    if offset != 0 { asm.apply(.add, .quad, .register(Self.t0), Int32(offset)) }
  }

  private func constantAddress(_ i: Instruction) -> UInt64 { i.addressWidth == 8 ? i.displacement : i.displacement & 0xFFFF_FFFF }

  /// Out of line: the table behind a near entry, and the page tables. What follows is for an address that is no RAM's.
  mutating func emitSecondLookup(_ path: SlowPath) {
    guard let access = path.access else { return }
    emitAddress(access.address)
    let here = asm.makeLabel()
    asm.loadAddress(Self.t1, of: here)
    if let near = nearRegister(access) {
      asm.jump(toDistance: context.stubs.secondLookup(SoftTLB.near(context.set, access.use, near)) - origin)
    } else {
      asm.jump(toDistance: (access.use == .read ? context.stubs.findRead : context.stubs.findWrite) - origin)
    }
    let found = asm.makeLabel()
    asm.place(here)
    asm.jump(found)
    asm.byte(UInt8(truncatingIfNeeded: access.size - 1) | (path.vectorsBefore.isInUse || path.asksNobody ? TranslationStubs.asksNobody : 0))
    asm.long(Int32(truncatingIfNeeded: number))
    foundPaths.append((found, path))
  }

  /// Out of line: the second lookup has brought the offset in the page to T0 and the page's place to T1.
  mutating func emitFound() {
    for (label, path) in foundPaths {
      asm.place(label)
      if path.isSpan, let access = path.access {
        asm.loadAddress(Self.t1, Memory(Self.t1, index: Self.t0))
        emitAddress(access.address)
        asm.apply(.sub, Self.t1, .register(Self.t0))
        asm.move(Self.t0, Self.t1)
      } else {
        asm.loadAddress(Self.t0, Memory(Self.t0, index: Self.t1))
      }
      emitLoading(path.residentsBefore.loaded)
      asm.jump(path.hit)
    }
  }

  /// What FNSAVE and its like tell of the last operand. T0 may still be a span's.
  mutating func noteX87Operand(_ i: Instruction) {
    let address = span == nil ? Self.t0 : Self.t1
    if span == nil { emitAddress(.operand(i)) } else { emitOffset(i, to: address) }
    asm.store(.gs(VectorArea.lastOperand), address)
  }

  private mutating func emitAddress(_ address: MemoryAccess.Address) {
    switch address {
    case .operand(let i):
      emitOffset(i, to: Self.t0)
      emitSegment(i)
    case .register(let register, let distance):
      asm.loadAddress(context.word, Self.t0, Memory(register, displacement: distance))
    case .bit(let i):
      emitOffset(i, to: Self.t0)
      let width = self.width(i)
      asm.move(width, Self.t1, source(i.reg &* 8))
      if width == .word { asm.emit(Opcode(0xBF, .two), .quad, .register(Self.t1), .register(Self.t1)) }
      if width == .long { asm.emit(Opcode(0x63), .quad, .register(Self.t1), .register(Self.t1)) }
      asm.shift(.sar, .quad, .register(Self.t1), by: UInt8(width.rawValue.trailingZeroBitCount + 3))
      let scale = UInt8(width.rawValue.trailingZeroBitCount)
      asm.loadAddress(i.addressWidth == 8 ? .quad : .long, Self.t0, Memory(Self.t0, index: Self.t1, scale: scale))
      emitSegment(i)
    }
  }

  private mutating func emitSegment(_ i: Instruction) {
    guard i.segment != .flat else { return }
    asm.apply(.add, context.word, Self.t0, .memory(.gs(i.segment.place)))
  }

  mutating func emitOffset(_ i: Instruction, to target: Register) {
    emitOffset(i, i.addressWidth == 8 ? .quad : .long, to: target)
  }

  /// The effective address; T0 and T1 serve R11 and R15. Leaves the flags alone.
  mutating func emitOffset(_ i: Instruction, _ width: Width, to target: Register) {
    guard i.base != 128 || i.index != 128 else {
      return asm.move(target, width == .quad ? i.displacement : i.displacement & 0xFFFF_FFFF)
    }
    let base = addressRegister(i.base, Self.t0)
    let index = addressRegister(i.index, Self.t1)
    let place = Memory(base, index: index, scale: i.scale, displacement: Int32(truncatingIfNeeded: i.displacement))
    asm.loadAddress(width, target, place)
  }

  private mutating func addressRegister(_ offset: UInt8, _ temporary: Register) -> Register? {
    guard offset != 128 else { return nil }
    let register = Register(number: offset / 8)
    guard isDisplaced(register) else { return register }
    if staying.contains(register) {
      makeResident(register, isRead: true)
      return register
    }
    asm.load(temporary, .gs(Int(offset)))
    return temporary
  }

  func isDisplaced(_ register: Register) -> Bool { register == Self.t0 || register == Self.t1 }
}
