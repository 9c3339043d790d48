/// What an instruction does to the arithmetic flags.
struct FlagUse {
  /// It reads some of them, or does something unknown with them.
  var reads = false
  /// It writes some of them.
  var writes = false
  /// It leaves none as it was.
  var writesAll = false

  static let none = FlagUse()
  static let all = FlagUse(writes: true, writesAll: true)
  static let some = FlagUse(writes: true)
  static let readsOnly = FlagUse(reads: true)
  static let readsAndWritesAll = FlagUse(reads: true, writes: true, writesAll: true)
  static let unknown = FlagUse(reads: true, writes: true)
}

extension Instruction {
  var flagUse: FlagUse {
    switch operation.plain {
    case .add, .or, .and, .sub, .xor, .cmp, .test, .negate, .mul, .imul, .imulTwo, .imulThree, .scanForward, .scanReverse, .popcnt, .tzcnt,
      .lzcnt, .exchangeAdd, .compareExchange, .andn, .bextr, .blsr, .blsmsk, .blsi, .bzhi, .popFlags, .x87Compare:
      return .all
    case .adc, .sbb: return .readsAndWritesAll
    case .adcx, .adox: return .unknown
    case .cmc, .clc, .stc: return .unknown
    case .cld, .std: return .none
    case .hostedRarely: return VectorForms.all.form(of: self).traits.contains(.flags) ? .all : .none
    case .increment, .decrement, .rol, .ror, .bitTest, .bitTestSet, .bitTestReset, .bitTestComplement, .compareExchangePair, .sahf: return .some
    case .shl, .shr, .sar, .shld, .shrd: return isShiftWithEffect ? .all : .some
    // The target of a jump may read them, whatever this block does behind it.
    case .cmov, .setcc, .jcc, .loop, .jcxz, .lahf, .pushFlags, .x87Move: return .readsOnly
    case .move, .moveZero8, .moveZero16, .moveSign8, .moveSign16, .moveSign32, .lea, .exchange, .byteSwap, .moveBE, .convert, .extend, .not,
      .push, .pushImmediate, .pop, .leave, .jump, .jumpNear, .call, .callNear, .ret, .nop, .pause, .prefetch, .endOfBlock, .counted, .hosted, .hostedFloat, .vzeroupper,
      .moveString, .storeString, .loadString, .cli, .sti, .clac, .stac, .rdtsc, .rdtscp, .swapgs, .rorx, .mulx, .shlx, .sarx, .shrx, .pdep, .pext,
      .rdmsr, .cpuid, .input, .inputDX, .output, .outputDX, .rdfsbase, .rdgsbase, .wrfsbase, .wrgsbase, .xgetbv, .crc32, .moveFromControl, .moveFromSegment, .div, .idiv,
      .x87, .fnstcw, .fnstsw, .fnstswAX, .fldcw, .fninit, .fnclex, .fwait, .emms:
      return .none
    default: return .unknown
    }
  }

  /// A count that is known, and not zero.
  private var isShiftWithEffect: Bool { !usesCL && immediate & (width == 8 ? 63 : 31) != 0 }
}

extension Operation {
  /// The operation without its commonest forms' names, see InstructionRecord.specialise.
  var plain: Operation {
    switch self {
    case .load64, .load32, .store64, .store32, .copy64, .copy32: .move
    case .lea64: .lea
    case .push64: .push
    case .pop64: .pop
    case .jumpIfZero, .jumpUnlessZero: .jcc
    case .add64, .addImmediate64: .add
    case .subtractImmediate64: .sub
    case .compare64, .compareImmediate64, .compare32, .compareImmediate32: .cmp
    case .test64, .test32: .test
    case .xor32: .xor
    case .andImmediate32: .and
    default: self
    }
  }
}
