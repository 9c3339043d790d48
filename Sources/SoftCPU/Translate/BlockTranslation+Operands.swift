internal import Assembler

/// A general register as an operand.
struct RegisterPlace {
  var register: Register
  /// AH to BH.
  var isHigh = false
  /// Where the guest's register is, if a temporary stands for it.
  var home: Int?
  /// It is in its own host register for a while.
  var isResident = false

  var field: Field { isHigh ? .high(register) : .register(register) }
  var operand: ModRM { isHigh ? .high(register) : .register(register) }
}

extension BlockTranslation {
  func width(_ i: Instruction) -> Width { Width(rawValue: i.width) ?? .quad }

  /// Whether one of the registers is AH to BH.
  func usesHighBytes(_ i: Instruction) -> Bool { i.destination & 7 != 0 || i.source & 7 != 0 }

  /// A register by its place in the core; one without a host register is brought to `temporary`.
  mutating func place(_ offset: UInt8, _ temporary: Register, isRead: Bool = true) -> RegisterPlace {
    let register = Register(number: offset / 8)
    if offset & 7 != 0 { return RegisterPlace(register: register, isHigh: true) }
    guard isDisplaced(register) else { return RegisterPlace(register: register) }
    if staying.contains(register) {
      makeResident(register, isRead: isRead)
      return RegisterPlace(register: register, isResident: true)
    }
    if isRead { asm.load(temporary, .gs(Int(offset))) }
    return RegisterPlace(register: temporary, home: Int(offset))
  }

  /// The register was written: if a temporary stood for it, it is brought home.
  mutating func written(_ place: RegisterPlace) {
    if let home = place.home { asm.store(.gs(home), place.register) }
    if place.isResident { residents.dirty.insert(place.register) }
  }

  /// A register that is only read, where the `rm` field can name it.
  func source(_ offset: UInt8) -> ModRM {
    let register = Register(number: offset / 8)
    if offset & 7 != 0 { return .high(register) }
    return isDisplaced(register) && !residents.loaded.contains(register) ? .memory(.gs(Int(offset))) : .register(register)
  }

  func hasHome(_ offset: UInt8) -> Bool { isDisplaced(Register(number: offset / 8)) }

  /// An instruction whose `rm` operand is a register or memory, and is read, written or both.
  mutating func onOperand(
    _ i: Instruction, _ k: Int, size: Int, reads: Bool, writes: Bool, _ body: (inout BlockTranslation, ModRM) -> Void
  ) {
    if i.isMemory {
      let memory = look(MemoryAccess(operand: i, size: size, write: writes), k)
      needFlags(i, k)
      body(&self, .memory(memory))
      noteFlags(i)
      lookedUp()
    } else {
      needFlags(i, k)
      let target = place(i.destination, Self.t0, isRead: reads || i.width < 8)
      body(&self, target.operand)
      noteFlags(i)
      if writes { written(target) }
    }
  }
}
