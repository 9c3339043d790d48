internal import Assembler

extension BlockTranslation {
  /// Emits instruction `k`, and perhaps some that follow; returns how many. What has no code here is the interpreter's.
  mutating func emit(_ i: Instruction, _ k: Int) -> Int {
    staying = stayingResidents(i, k)
    if i.operation.plain == .jcc { writeBackResidents() } else { storeResidents(but: staying) }
    if i.operation.plain == .push, isSimple(i, .push) { return emitPushes(k) }
    if i.operation.plain == .pop, isSimple(i, .pop) { return emitPops(k) }
    if !isAddressable(i, k) || !emitOne(i, k) { help(k) }
    return 1
  }

  /// Whether addresses are as they are calculated here: in 32-bit code of its size, and with no segment but a whole one.
  private mutating func isAddressable(_ i: Instruction, _ k: Int) -> Bool {
    if context.is64Bit { return true }
    guard i.addressWidth == 4 else { return false }
    return !i.isMemory || i.segment == .flat || i.segment.hasBase64 && needWholeSegment(i, k)
  }

  private mutating func emitFarFlow(_ i: Instruction, _ k: Int) {
    switch i.operation {
    case .call: emitCall(i, k)
    case .jumpNear: emitIndirectJump(i, k)
    case .callNear: emitIndirectCall(i, k)
    default: emitReturn(i, k)
    }
  }

  private mutating func emitOne(_ i: Instruction, _ k: Int) -> Bool {
    let operation = i.operation.plain
    if let binary = Self.binary(operation) { return emit(binary, i, k) }
    switch operation {
    case .increment, .decrement, .negate, .not: emitUnary(i, k)
    case .lea: emitLea(i)
    case .moveZero8, .moveZero16, .moveSign8, .moveSign16, .moveSign32: emitExtension(i, k)
    case .cmov: emitInto(i, k, Opcode(i.opcode, .two), size: Int(i.width), keeps: true)
    case .setcc: emitSet(i, k)
    case .shl, .shr, .sar, .rol, .ror, .rcl, .rcr: emitShift(i, k)
    case .shld, .shrd: emitDoubleShift(i, k)
    case .mul, .imul: emitMultiply(i, k)
    case .imulTwo, .imulThree: emitMultiplyInto(i, k)
    case .div, .idiv: return emitDivide(i, k)
    case .bitTest, .bitTestSet, .bitTestReset, .bitTestComplement: emitBitTest(i, k)
    case .scanForward, .scanReverse: emitScan(i, k)
    case .popcnt, .tzcnt, .lzcnt:
      guard context.hasBitCounts else { return false }
      emitCount(i, k)
    case .exchange, .exchangeAdd, .compareExchange: return emitExchange(i, k)
    case .compareExchangePair: emitExchangePair(i, k)
    case .byteSwap:
      guard i.width >= 4 else { return false }
      emitByteSwap(i)
    case .convert, .extend: emitAccumulator(i)
    case .pushImmediate:
      guard i.width == context.word.rawValue else { return false }
      emitPushImmediate(i, k)
    case .pop:
      guard i.width == context.word.rawValue, !i.isMemory else { return false }
      emitPopStackPointer(k)
    case .push:
      guard i.width == context.word.rawValue else { return false }
      emitPushOperand(i, k)
    case .leave:
      guard i.width == context.word.rawValue else { return false }
      emitLeave(i, k)
    case .nop, .prefetch, .pause: break
    case .counted: emitCounting(at: i.immediate)
    case .lahf:
      needFlags(i, k)
      asm.lahf()
    case .sahf:
      needFlags(i, k)
      asm.sahf()
      noteFlags(i)
    case .hosted, .hostedFloat, .hostedRarely: return emitVector(i, k)
    case .vzeroupper: return emitZeroUpper()
    case .x87, .x87Move, .x87Compare: return emitX87(i, k)
    case .fnstcw, .fnstsw, .fnstswAX, .fldcw, .fninit, .fnclex, .fwait, .emms: return emitX87Control(i, k)
    case .andn, .bextr, .blsr, .blsmsk, .blsi, .bzhi, .pdep, .pext, .rorx, .mulx, .shlx, .sarx, .shrx: return emitBitField(i, k)
    case .adcx, .adox, .crc32, .moveBE: return emitMap38(i, k)
    case .pushFlags:
      guard i.width == context.word.rawValue else { return false }
      needFlags(i, k)
      emitPushFlags(k)
    case .popFlags: return emitPopFlags(i, k)
    case .cli, .sti: return emitInterruptFlag(i, k)
    case .moveFromSegment: return emitSelector(i, k)
    case .swapgs: return emitSwap()
    case .rdfsbase: emitReadingBase(i, k, .fs)
    case .rdgsbase: emitReadingBase(i, k, .gs)
    case .wrfsbase: emitWritingBase(i, k, .fs)
    case .wrgsbase: emitWritingBase(i, k, .gs)
    case .clac, .stac: return emitAccessControl(i, k)
    case .rdtsc, .rdtscp: return emitTime(i, k)
    case .moveString, .storeString, .loadString: return emitString(i, k)
    case .cmc, .clc, .stc, .cld, .std: emitFlagControl(i, k)
    case .loop, .jcxz:
      guard Core.isCanonical(i.immediate) else { return false }
      storeVectors()
      return emitCountedJump(i, k)
    case .jcc where !Core.isCanonical(i.immediate), .jump where !Core.isCanonical(i.immediate),
      .call where !Core.isCanonical(i.immediate):
      return false
    case .jcc:
      storeVectors()
      emitConditionalJump(i, k)
    case .jump:
      storeVectors()
      edge(after: k + 1, to: i.immediate, from: i.address, isLiveAfter[k])
    case .call, .jumpNear, .callNear, .ret:
      guard i.width == context.word.rawValue else { return false }
      storeVectors()
      emitFarFlow(i, k)
    default: return false
    }
    return true
  }
}
