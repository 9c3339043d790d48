internal import Processor

/// What each operation does that the run loop does not do itself, in the order of `Operation`.
extension Core {
  /// Executes one instruction; returns whether it is to be begun again at the same place.
  @inline(never) func perform(_ i: Instruction) throws(Fault) -> Bool {
    switch i.operation {
    // Those that are written once for all widths.
    case .rcl, .rcr, .shld, .shrd, .mul, .imul, .div, .idiv, .exchange, .exchangeAdd, .compareExchange,
      .bitTest, .bitTestSet, .bitTestReset, .bitTestComplement, .scanForward, .scanReverse, .popcnt, .tzcnt, .lzcnt,
      .moveString, .storeString, .loadString, .compareString, .scanString, .inputString, .outputString:
      switch i.width {
      case 1: return try performSized(i, UInt8.self)
      case 2: return try performSized(i, UInt16.self)
      case 4: return try performSized(i, UInt32.self)
      default: return try performSized(i, UInt64.self)
      }
    // Arithmetic
    case .daa: decimalAdjust(subtracting: false)
    case .das: decimalAdjust(subtracting: true)
    case .aaa: adjustDigit(subtracting: false)
    case .aas: adjustDigit(subtracting: true)
    case .aam: try splitDigits(base: UInt8(truncatingIfNeeded: i.immediate))
    case .aad: joinDigits(base: UInt8(truncatingIfNeeded: i.immediate))
    // Moves
    case .compareExchangePair: try compareExchangePair(i)
    case .setcc: try setCondition(i)
    case .byteSwap: byteSwap(i)
    case .moveBE: try moveSwapped(i)
    case .convert: convert(i)
    case .extend: extend(i)
    case .translate: try translate(i)
    case .lahf: store(UInt8(truncatingIfNeeded: flags), at: 1)
    case .sahf: arithmeticFlags = arithmeticFlags & Flags.of | UInt64(load(1, as: UInt8.self)) & Flags.arithmetic & ~Flags.of
    case .cmc: arithmeticFlags ^= Flags.cf
    case .clc: arithmeticFlags &= ~Flags.cf
    case .stc: arithmeticFlags |= Flags.cf
    case .cld: self[.systemFlags] &= ~Flags.df
    case .std: self[.systemFlags] |= Flags.df
    case .salc: setALFromCarry()
    // Bits
    case .andn, .bextr, .blsr, .blsmsk, .blsi, .bzhi, .pdep, .pext, .rorx, .mulx, .shlx, .sarx, .shrx, .adcx, .adox: try bitField(i)
    case .crc32: try crc32(i)
    // Stack
    case .pushFlags: try pushFlags(i)
    case .popFlags: try popFlags(i)
    case .pushAll: try pushAll(i)
    case .popAll: try popAll(i)
    case .enter: try enterFrame(i)
    case .leave: try leaveFrame(i)
    // Control
    case .loopne, .loope, .loop: try loop(i)
    case .jcxz: try jumpIfCountIsZero(i)
    case .farJump, .farJumpMemory: try farTransfer(i, isCall: false)
    case .farCall, .farCallMemory: try farTransfer(i, isCall: true)
    case .farReturn: try farReturn(i)
    case .iret: try interruptReturn(i)
    case .softwareInterrupt: try softwareInterrupt(i)
    case .interrupt1: try debugInterrupt(i)
    case .interrupt3: try callHandler(3, from: i)
    case .into: if overflow { try callHandler(4, from: i) }
    case .bound: try checkBounds(i)
    case .syscall: try systemCall(i)
    case .sysret: try systemReturn(i)
    case .sysenter: try systemEnter()
    case .sysexit: try systemExit(i)
    // Ports
    case .input: try input(i, i.immediate & 0xFF)
    case .inputDX: try input(i, self[.rdx])
    case .output: try output(i, i.immediate & 0xFF)
    case .outputDX: try output(i, self[.rdx])
    // Segments and tables
    case .pushSegment: try push(UInt64(selector(i.namedSegment)), i.width)
    case .popSegment: try popSegment(i)
    case .moveFromSegment: try moveFromSegment(i)
    case .moveToSegment: try moveToSegment(i)
    case .les: try loadFarPointer(i, to: .es)
    case .lds: try loadFarPointer(i, to: .ds)
    case .lss: try loadFarPointer(i, to: .ss)
    case .lfs: try loadFarPointer(i, to: .fs)
    case .lgs: try loadFarPointer(i, to: .gs)
    case .sgdt: try storeTable(i, .global)
    case .sidt: try storeTable(i, .interrupt)
    case .lgdt: try loadTable(i, .global)
    case .lidt: try loadTable(i, .interrupt)
    case .sldt: try storeSystemSegment(i, .local)
    case .str: try storeSystemSegment(i, .task)
    case .lldt: try loadSystemSegment(i, .local)
    case .ltr: try loadSystemSegment(i, .task)
    case .verr: try verifySegment(i, forWriting: false)
    case .verw: try verifySegment(i, forWriting: true)
    case .loadAccessRights, .loadLimit: try inspectDescriptor(i)
    case .arpl: try adjustPrivilege(i)
    case .swapgs: try swapGS()
    case .rdfsbase: try readSegmentBase(i, .fs)
    case .rdgsbase: try readSegmentBase(i, .gs)
    case .wrfsbase: try writeSegmentBase(i, .fs)
    case .wrgsbase: try writeSegmentBase(i, .gs)
    // System
    case .halt: try halt(i)
    case .cpuid: cpuid()
    case .rdtsc: try readTimeStamp()
    case .rdtscp:
      try readTimeStamp()
      self[.rcx] = self[.tscAux] & 0xFFFF_FFFF
    case .rdpid: self[register: Int(i.rm)] = self[.tscAux] & 0xFFFF_FFFF
    case .rdpmc: try readCounter()
    case .rdmsr: try readModelSpecific()
    case .wrmsr: try writeModelSpecific(i)
    case .rdrand, .rdseed: randomNumber(i)
    case .cli: try closeInterrupts()
    case .sti: try openInterrupts(i)
    case .clac: try setAccessFlag(false)
    case .stac: try setAccessFlag(true)
    case .rdpkru: try readPageKeys()
    case .wrpkru: try writePageKeys()
    case .moveFromControl: try moveFromControl(i)
    case .moveToControl: try moveToControl(i)
    case .moveFromDebug: try moveFromDebug(i)
    case .moveToDebug: try moveToDebug(i)
    case .clts: try clearTaskSwitched()
    case .lmsw: try loadMachineStatus(i)
    case .smsw: try storeMachineStatus(i)
    case .invlpg: try invalidatePage(i)
    case .invpcid: try invalidate(i)
    case .wbinvd: try requireSystem()
    case .xgetbv: try readExtendedControl()
    case .xsetbv: try writeExtendedControl()
    case .hypercall: hypercall()
    // Vectors
    case .hostedRarely: try executeHostedRarely(i)
    case .x87, .x87Move, .x87Compare: try executeX87(i)
    case .x87Undefined: try refuseX87()
    case .fninit: try initializeX87()
    case .fnclex: try clearExceptions()
    case .fneni: try requireX87()
    case .fnstswAX: try storeStatusInAX()
    case .fnstsw: try storeStatus(i)
    case .fnstcw: try storeControlWord(i)
    case .fldcw: try loadControlWord(i)
    case .fnstenv: try storeEnvironment(i)
    case .fldenv: try loadEnvironment(i)
    case .fnsave: try saveX87(i)
    case .frstor: try restoreX87(i)
    case .fwait: try wait()
    case .emms: try emptyMMX()
    case .fxsave: try saveLegacy(i)
    case .fxrstor: try restoreLegacy(i)
    case .xsave: try saveExtended(i, .plain)
    case .xsaveopt: try saveExtended(i, .optimized)
    case .xsavec: try saveExtended(i, .compacted)
    case .xrstor: try restoreExtended(i)
    case .ldmxcsr:
      try requireSSE()
      try loadControl(i)
    case .stmxcsr:
      try requireSSE()
      try storeControl(i)
    case .vldmxcsr:
      try requireAVX()
      try loadControl(i)
    case .vstmxcsr:
      try requireAVX()
      try storeControl(i)
    case .maskmovq:
      try requireMMX()
      useMMX()
      try storeBytes(i, .mmx)
    case .maskmovdqu:
      try requireSSE()
      try storeBytes(i, .xmm)
    case .vmaskmovdqu:
      try requireAVX()
      try storeBytes(i, .xmm)
    case .vzeroupper: try clearRegisters(from: 16)
    case .vzeroall: try clearRegisters(from: 0)
    case .vmaskmovLoad: try loadMasked(i)
    case .vmaskmovStore: try storeMasked(i)
    case .vgatherd: try gather(i, indexSize: 4)
    case .vgatherq: try gather(i, indexSize: 8)
    // The decoder's own
    case .breakpoint:
      context.trap(.breakpoint)
      return true
    case .counted: countEntry(i)
    case .undefined: throw .undefined
    // The run loop's.
    case .add, .or, .adc, .sbb, .and, .sub, .xor, .cmp, .test, .increment, .decrement, .negate, .not, .rol, .ror, .shl, .shr, .sar, .imulTwo, .imulThree,
      .move, .moveZero8, .moveZero16, .moveSign8, .moveSign16, .moveSign32, .lea, .cmov, .push, .pushImmediate, .pop,
      .jump, .jumpNear, .jcc, .call, .callNear, .ret, .nop, .pause, .prefetch, .hosted, .hostedFloat,
      .load64, .load32, .store64, .store32, .copy64, .copy32, .lea64, .push64, .pop64, .jumpIfZero, .jumpUnlessZero,
      .add64, .addImmediate64, .subtractImmediate64, .compare64, .compareImmediate64, .compare32, .compareImmediate32,
      .test64, .test32, .xor32, .andImmediate32, .endOfBlock, .stopped:
      preconditionFailure("the run loop executes \(i.operation)")
    case .vector: preconditionFailure("a vector instruction has code of the host, or is none")
    }
    return false
  }

  @inline(__always) private func performSized<T: DividendHalf>(_ i: Instruction, _: T.Type) throws(Fault) -> Bool {
    switch i.operation {
    case .mul, .imul: try multiply(i, T.self)
    case .div, .idiv: try divide(i, T.self)
    case .rcl, .rcr: try shift(i, T.self)
    case .shld, .shrd: try doubleShift(i, T.self)
    case .bitTest, .bitTestSet, .bitTestReset, .bitTestComplement: try bitTest(i, T.self)
    case .scanForward, .scanReverse: try scan(i, T.self)
    case .tzcnt, .lzcnt: try countZeros(i, T.self)
    case .popcnt: try countBits(i, T.self)
    case .exchange: try exchange(i, T.self)
    case .exchangeAdd: try exchangeAdd(i, T.self)
    case .compareExchange: try compareExchange(i, T.self)
    case .moveString, .storeString, .loadString, .compareString, .scanString, .inputString, .outputString: return try string(i, T.self)
    default: preconditionFailure("\(i.operation) has one width")
    }
    return false
  }
}
