internal import Primitives
internal import Processor
internal import Time

extension Core {
  /// Runs until somebody asks for attention. Exceptions are delivered on the way.
  func run() throws(TripleFault) {
    var last: Instruction?
    while self[.attention] == 0 {
      do throws(Fault) {
        if self[.systemFlags] & Flags.tf == 0 {
          last = try execute(findBlock(after: last))
        } else {
          last = nil
          try stepExactly()
        }
      } catch {
        last = nil
        try deliver(error)
      }
    }
  }

  /// Runs like `run`, with guest time that passes by the block, until a deadline has come too.
  func run(counting time: InstructionTime) throws(TripleFault) {
    repeat {
      do throws(Fault) {
        if self[.systemFlags] & Flags.tf == 0 {
          let first = try findBlock()
          time.pass(try execute(first, goingOn: false).distance(from: first) + 1)
        } else {
          time.pass(1)
          try stepExactly()
        }
      } catch {
        time.pass(1)
        try deliver(error)
      }
    } while self[.attention] == 0 && !time.isDue
  }

  /// Runs like `run`, but looks up after each instruction.
  func runSlowly(counting time: InstructionTime?) throws(TripleFault) {
    while self[.attention] == 0, time?.isDue != true {
      time?.pass(1)
      do throws(Fault) { try stepExactly() } catch { try deliver(error) }
    }
  }

  /// Runs exactly one instruction, and tells which.
  @discardableResult func step() throws(Fault) -> Operation {
    let instruction = try decodeNext()
    let operation = instruction.operation
    try execute(instruction, goingOn: false)
    return operation
  }

  /// Executes one block, and those that direct jumps lead to if it may go on; returns the last instruction.
  @discardableResult func execute(_ first: Instruction, goingOn: Bool = true) throws(Fault) -> Instruction {
    var i = first
    do {
      while true {
        switch i.operation {
        case .load64: set(i.destination, try readOperand(i, UInt64.self))
        case .load32: set(i.destination, try readOperand(i, UInt32.self))
        case .store64: try writeOperand(i, get(i.source, UInt64.self))
        case .store32: try writeOperand(i, get(i.source, UInt32.self))
        case .copy64: registers(i, Move.self, UInt64.self)
        case .copy32: registers(i, Move.self, UInt32.self)
        case .lea64: self[register: Int(i.reg)] = effectiveAddress(i)
        case .push64: try push(self[register: Int(i.rm)], 8)
        case .pop64: self[register: Int(i.rm)] = try pop(8)
        case .add64: registers(i, Add.self, UInt64.self)
        case .addImmediate64: immediate(i, Add.self, UInt64.self)
        case .subtractImmediate64: immediate(i, Subtract.self, UInt64.self)
        case .compare64: registers(i, Compare.self, UInt64.self)
        case .compareImmediate64: immediate(i, Compare.self, UInt64.self)
        case .compare32: registers(i, Compare.self, UInt32.self)
        case .compareImmediate32: immediate(i, Compare.self, UInt32.self)
        case .test64: registers(i, Test.self, UInt64.self)
        case .test32: registers(i, Test.self, UInt32.self)
        case .xor32: registers(i, Xor.self, UInt32.self)
        case .andImmediate32: immediate(i, And.self, UInt32.self)
        case .move: try binary(i, Move.self)
        case .add: try binary(i, Add.self)
        case .or: try binary(i, Or.self)
        case .adc: try binary(i, AddCarry.self)
        case .sbb: try binary(i, SubtractBorrow.self)
        case .and: try binary(i, And.self)
        case .sub: try binary(i, Subtract.self)
        case .xor: try binary(i, Xor.self)
        case .cmp: try binary(i, Compare.self)
        case .test: try binary(i, Test.self)
        case .lea: setRegister(i.reg, effectiveAddress(i), i.width)
        case .moveZero8: try extended(i, UInt8.self, signed: false)
        case .moveZero16: try extended(i, UInt16.self, signed: false)
        case .moveSign8: try extended(i, UInt8.self, signed: true)
        case .moveSign16: try extended(i, UInt16.self, signed: true)
        case .moveSign32: try extended(i, UInt32.self, signed: true)
        case .cmov: try conditionalMove(i)
        case .push: try push(operand(i), i.width)
        case .pushImmediate: try push(i.immediate, i.width)
        case .pop: try popInto(i)
        case .shl, .shr, .sar, .rol, .ror: try shift(i)
        case .imulTwo, .imulThree: try multiplyInto(i)
        case .increment, .decrement, .negate, .not: try unary(i)
        case .nop, .prefetch, .pause: break
        case .hosted: try executeHosted(i)
        case .hostedFloat: try executeHostedFloat(i)
        case .jumpIfZero, .jumpUnlessZero, .jcc:
          let isTaken =
            switch i.operation {
            case .jumpIfZero: isZero
            case .jumpUnlessZero: !isZero
            default: condition(i.condition)
            }
          if isTaken {
            if goingOn, let next = follow(i) { i = next; continue }
            try jump(to: i.immediate)
            return i
          }
        case .jump:
          if goingOn, let next = follow(i) { i = next; continue }
          try jump(to: i.immediate)
          return i
        case .call:
          if goingOn, let next = follow(i) {
            try push(i.next, i.width)
            i = next
            continue
          }
          try call(i, to: i.immediate)
          return i
        case .jumpNear:
          let target = try operand(i)
          if goingOn, let next = blockKnown(at: target) { i = next; continue }
          try jump(to: target)
          return i
        case .callNear:
          let target = try operand(i)
          if goingOn, let next = blockKnown(at: target) {
            try push(i.next, i.width)
            i = next
            continue
          }
          try call(i, to: target)
          return i
        case .ret:
          let target = try pop(i.width)
          if i.immediate != 0 { drop(i.immediate) }
          if goingOn, let next = blockKnown(at: target) { i = next; continue }
          try arrive(i, at: target)
          return i
        case .endOfBlock:
          if goingOn, let next = follow(i) { i = next; continue }
          self[.rip] = i.address
          return i
        case .stopped:
          self[.rip] = i.address
          return i
        default:
          // All other operations have their lines there.
          if try perform(i) {
            self[.rip] = i.address
            return i
          }
          if self[.pending] != 0 {
            self[.pending] = 0
            return i
          }
        }
        i = unsafe Instruction(record: i.record + 1)
      }
    } catch {
      self[.rip] = i.address
      if error == .undefined { context.environment.undefined.count(InstructionTally.name(i)) }
      throw error.isOutOfReach ? outOfReachFault(i, error.address) : error
    }
  }
}
