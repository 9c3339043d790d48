internal import Assembler

/// Where an access to memory goes.
struct MemoryAccess {
  enum Address {
    case operand(Instruction)
    /// RSP and a distance; or RBP's place, for LEAVE.
    case register(Register, Int32)
  }
  var address: Address
  var size: Int
  var use: SoftTLB.Use
  /// The near entry to try first: a register's number, 16 for FS or 17 for GS.
  var near: Int?

  init(operand i: Instruction, size: Int, write: Bool) {
    address = .operand(i)
    self.size = size
    use = write ? .write : .read
    near = i.segment == 4 ? 16 : i.segment == 5 ? 17 : i.base == 128 ? nil : Int(i.base) / 8
  }
  init(_ register: Register, _ distance: Int32, size: Int, write: Bool) {
    address = .register(register, distance)
    self.size = size
    use = write ? .write : .read
    near = Int(Register.rsp.rawValue)
  }
}

/// Guest memory: every access goes through a lookup that proves its page, and that it does not leave it.
extension BlockTranslation {
  /// Begins an access by instruction `k`, and perhaps those that follow: the operand to use in it. T0 holds an address
  /// then, and T1 another part of it unless `freeT1`.
  ///
  /// - Parameter aligned: the instruction faults if its operand is not at a multiple of its size.
  mutating func look(_ access: MemoryAccess, _ k: Int, count: Int = 1, freeT1: Bool = false, aligned: Bool = false) -> Memory {
    let before = isLiveBefore[k]
    if before { saveFlags() }
    flagsInHost = false
    let (miss, hit, resume) = (asm.makeLabel(), asm.makeLabel(), asm.makeLabel())
    if let near = access.near {
      let entry = SoftTLB.near(context.set, access.use, near)
      emitAddress(access.address)
      asm.apply(.sub, Self.t0, .memory(.gs(SoftTLB.nearPages + entry)))
      asm.apply(.cmp, Self.t0, .memory(.gs(SoftTLB.nearLimits + entry)))
      asm.jump(if: .notBelow, miss)
      asm.load(Self.t1, .gs(SoftTLB.nearHosts + entry))
    } else {
      emitHashedLookup(access, miss)
      asm.load(Self.t1, .gs(SoftTLB.table(context.set, access.use) + 8, index: Self.t1))
    }
    asm.place(hit)
    var path = SlowPath(miss: miss, hit: hit, resume: resume, access: access, first: k, count: count, flagsBefore: before)
    path.dirtyVectors = vectors.dirty
    if aligned {
      let unfit = asm.makeLabel()
      asm.emit(Opcode(0xF6), .byte, .digit(0), .register(Self.t0))
      asm.byte(UInt8(truncatingIfNeeded: access.size - 1))
      asm.jump(if: .notEqual, unfit)
      path.unfit = unfit
    }
    slowPaths.append(path)
    guard freeT1 else { return Memory(Self.t1, index: Self.t0) }
    asm.loadAddress(Self.t0, Memory(Self.t0, index: Self.t1))
    return Memory(Self.t0)
  }

  /// The instructions of the last `look`, or of the last ones, are done.
  mutating func lookedUp(_ lookups: Int = 1) {
    for path in slowPaths.count - lookups..<slowPaths.count {
      asm.place(slowPaths[path].resume)
      slowPaths[path].loadedVectors = vectors.loaded
      slowPaths[path].restoresFlags = flagsInHost && isLiveAfter[slowPaths[path].first + slowPaths[path].count - 1]
    }
  }

  /// T0 becomes the offset in the page, T1 the line's place in the table.
  private mutating func emitHashedLookup(_ access: MemoryAccess, _ miss: Label) {
    emitAddress(access.address)
    asm.move(.long, Self.t1, .register(Self.t0))
    asm.shift(.shr, .long, .register(Self.t1), by: 8)
    asm.apply(.and, .long, .register(Self.t1), Int32(SoftTLB.lineMask))
    asm.apply(.sub, Self.t0, .memory(.gs(SoftTLB.table(context.set, access.use), index: Self.t1)))
    asm.apply(.cmp, .quad, .register(Self.t0), Int32(4096 - access.size))
    asm.jump(if: .above, miss)
  }

  /// Out of line: the table behind a near entry. What follows is for an address that is not there either.
  mutating func emitSecondLookup(_ path: SlowPath) {
    guard let access = path.access, let near = access.near else { return }
    emitAddress(access.address)
    let miss = asm.makeLabel()
    asm.loadAddress(Self.t1, of: path.hit)
    asm.store(.gs(TranslatedState.resume), Self.t1)
    asm.loadAddress(Self.t1, of: miss)
    asm.store(.gs(TranslatedState.miss), Self.t1)
    asm.jump(toDistance: context.stubs.secondLookup(SoftTLB.near(context.set, access.use, near)) - origin)
    asm.place(miss)
  }

  private mutating func emitAddress(_ address: MemoryAccess.Address) {
    switch address {
    case .operand(let i):
      emitOffset(i, to: Self.t0)
      guard i.segment != 6 else { return }
      asm.load(Self.t1, .gs(Core.segments + Int(i.segment) * 32))
      asm.loadAddress(Self.t0, Memory(Self.t0, index: Self.t1))
    case .register(let register, let distance):
      asm.loadAddress(Self.t0, Memory(register, displacement: distance))
    }
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
    asm.load(temporary, .gs(Int(offset)))
    return temporary
  }

  func isDisplaced(_ register: Register) -> Bool { register == Self.t0 || register == Self.t1 }
}
