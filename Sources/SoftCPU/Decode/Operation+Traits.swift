/// What more than one place has to know of an operation.
extension Operation {
  struct Traits: OptionSet {
    var rawValue: UInt8
    /// No block goes on behind it.
    static let endsBlock = Traits(rawValue: 1)
    /// Its immediate is a distance from the next instruction.
    static let isRelative = Traits(rawValue: 2)
    /// It accesses the stack, perhaps beside an operand in memory.
    static let usesStack = Traits(rawValue: 4)
    /// Under REP it is done for each of many elements.
    static let isString = Traits(rawValue: 8)
    /// LOCK may stand before it, if its destination is in memory.
    static let isLockable = Traits(rawValue: 16)
  }

  var traits: Traits {
    switch self {
    case .add, .or, .adc, .sbb, .and, .sub, .xor, .increment, .decrement, .negate, .not, .exchange, .exchangeAdd, .compareExchange,
      .compareExchangePair, .bitTestSet, .bitTestReset, .bitTestComplement:
      .isLockable
    case .push, .push64, .pushImmediate, .pop, .pop64, .pushSegment, .popSegment, .pushFlags, .popFlags, .enter, .leave: .usesStack
    case .callNear, .ret, .farReturn, .iret: [.endsBlock, .usesStack]
    case .call: [.endsBlock, .usesStack, .isRelative]
    case .jump, .loopne, .loope, .loop, .jcxz: [.endsBlock, .isRelative]
    case .jcc, .jumpIfZero, .jumpUnlessZero: .isRelative
    case .jumpNear, .farJump, .farCall, .farJumpMemory, .farCallMemory, .softwareInterrupt, .interrupt1, .interrupt3, .into, .bound,
      .syscall, .sysret, .sysenter, .sysexit, .undefined:
      .endsBlock
    case .moveString, .storeString, .loadString, .compareString, .scanString, .inputString, .outputString: .isString
    case .cmp, .test, .rol, .ror, .rcl, .rcr, .shl, .shr, .sar, .shld, .shrd, .mul, .imul, .imulTwo, .imulThree, .div, .idiv,
      .daa, .das, .aaa, .aas, .aam, .aad, .move, .moveZero8, .moveZero16, .moveSign8, .moveSign16, .moveSign32, .lea,
      .cmov, .setcc, .byteSwap, .moveBE, .convert, .extend, .translate, .lahf, .sahf, .cmc, .clc, .stc, .cld, .std, .salc,
      .bitTest, .scanForward, .scanReverse, .popcnt, .tzcnt, .lzcnt, .andn, .bextr, .blsr, .blsmsk, .blsi, .bzhi, .pdep, .pext,
      .rorx, .mulx, .shlx, .sarx, .shrx, .crc32, .adcx, .adox, .pushAll, .popAll, .input, .inputDX, .output, .outputDX,
      .moveFromSegment, .moveToSegment, .les, .lds, .lss, .lfs, .lgs, .sgdt, .sidt, .lgdt, .lidt, .sldt, .str, .lldt, .ltr,
      .verr, .verw, .loadAccessRights, .loadLimit, .arpl, .swapgs, .rdfsbase, .rdgsbase, .wrfsbase, .wrgsbase,
      .nop, .pause, .prefetch, .halt, .cpuid, .rdtsc, .rdtscp, .rdpid, .rdpmc, .rdmsr, .wrmsr, .rdrand, .rdseed,
      .cli, .sti, .clac, .stac, .rdpkru, .wrpkru, .moveFromControl, .moveToControl, .moveFromDebug, .moveToDebug,
      .clts, .lmsw, .smsw, .invlpg, .invpcid, .wbinvd, .xgetbv, .xsetbv, .hypercall, .vector, .hosted, .hostedFloat, .hostedRarely,
      .x87, .x87Move, .x87Compare, .x87Undefined, .fninit, .fnclex, .fneni, .fnstswAX, .fnstsw, .fnstcw, .fldcw, .fnstenv, .fldenv,
      .fnsave, .frstor, .fwait, .emms, .fxsave, .fxrstor, .xsave, .xsaveopt, .xsavec, .xrstor, .ldmxcsr, .stmxcsr, .vldmxcsr, .vstmxcsr,
      .maskmovq, .maskmovdqu, .vmaskmovdqu, .vzeroupper, .vzeroall, .vmaskmovLoad, .vmaskmovStore, .vgatherd, .vgatherq,
      .load64, .load32, .store64, .store32, .copy64, .copy32, .lea64, .add64, .addImmediate64, .subtractImmediate64,
      .compare64, .compareImmediate64, .compare32, .compareImmediate32, .test64, .test32, .xor32, .andImmediate32,
      .endOfBlock, .stopped, .counted, .breakpoint:
      []
    }
  }
}
