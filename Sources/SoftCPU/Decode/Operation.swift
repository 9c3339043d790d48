/// What an instruction does, whatever its width and operands. `Core.perform` has a line for each; the commonest are the
/// run loop's (`Core.execute`). Being a `CodingKey` gives each its name as `stringValue`, without a look at the program's own
/// metadata, which takes long.
enum Operation: Int, CaseIterable, CodingKey {
  // Arithmetic
  case add, or, adc, sbb, and, sub, xor, cmp, test
  /// INC, DEC and NEG.
  case increment, decrement, negate, not
  case rol, ror, rcl, rcr, shl, shr, sar, shld, shrd
  /// IMUL with two operands and with three.
  case mul, imul, imulTwo, imulThree, div, idiv
  case daa, das, aaa, aas, aam, aad
  // Moves
  /// MOV, MOVZX and MOVSX of a byte, a word and a doubleword.
  case move, moveZero8, moveZero16, moveSign8, moveSign16, moveSign32, lea
  /// XCHG, XADD, CMPXCHG, and CMPXCHG8B and 16B.
  case exchange, exchangeAdd, compareExchange, compareExchangePair
  /// BSWAP, MOVBE, CBW and its like, CWD and its like, XLAT.
  case cmov, setcc, byteSwap, moveBE, convert, extend, translate
  case lahf, sahf, cmc, clc, stc, cld, std, salc
  // Bits
  /// BT, BTS, BTR, BTC, BSF and BSR.
  case bitTest, bitTestSet, bitTestReset, bitTestComplement, scanForward, scanReverse, popcnt, tzcnt, lzcnt
  case andn, bextr, blsr, blsmsk, blsi, bzhi, pdep, pext, rorx, mulx, shlx, sarx, shrx, crc32, adcx, adox
  // Stack
  /// PUSH of an immediate; PUSHA and POPA.
  case push, pushImmediate, pop, pushFlags, popFlags, pushAll, popAll, enter, leave
  // Control
  /// JMP, CALL and Jcc, to a known place and to one in an operand.
  case jump, jumpNear, jcc, call, callNear, ret, loopne, loope, loop, jcxz
  /// JMP, CALL and RET to other segments; INT, INT1, INT3 and INTO.
  case farJump, farCall, farReturn, farJumpMemory, farCallMemory, iret, softwareInterrupt, interrupt1, interrupt3, into, bound
  case syscall, sysret, sysenter, sysexit
  // Strings and ports
  /// MOVS, STOS, LODS, CMPS, SCAS, INS and OUTS.
  case moveString, storeString, loadString, compareString, scanString, inputString, outputString
  /// IN and OUT of a port whose number is an immediate, or is in DX.
  case input, inputDX, output, outputDX
  // Segments and tables
  case pushSegment, popSegment, moveFromSegment, moveToSegment, les, lds, lss, lfs, lgs
  case sgdt, sidt, lgdt, lidt, sldt, str, lldt, ltr, verr, verw
  /// LAR and LSL.
  case loadAccessRights, loadLimit, arpl
  case swapgs, rdfsbase, rdgsbase, wrfsbase, wrgsbase
  // System
  case nop, pause, prefetch, halt, cpuid, rdtsc, rdtscp, rdpid, rdpmc, rdmsr, wrmsr, rdrand, rdseed, cli, sti, clac, stac, rdpkru, wrpkru
  /// MOV from and to the registers CR and DR.
  case moveFromControl, moveToControl, moveFromDebug, moveToDebug, clts, lmsw, smsw, invlpg, invpcid, wbinvd
  /// VMCALL and VMMCALL.
  case xgetbv, xsetbv, hypercall
  // Vectors
  /// One that the host executes, see Decoder.findHostCode; from the table it comes as `vector`.
  case vector, hosted, hostedFloat, hostedRarely
  /// x87: what the host executes, FCMOV, comparisons that set RFLAGS (FCOMI and its like), and opcodes that are none; from the
  /// table they all come as `x87`.
  case x87, x87Move, x87Compare, x87Undefined
  /// FNENI, FNDISI and FNSETPM of older coprocessors; FNSTSW to AX, and to memory.
  case fninit, fnclex, fneni, fnstswAX, fnstsw, fnstcw, fldcw, fnstenv, fldenv, fnsave, frstor
  case fwait, emms, fxsave, fxrstor, xsave, xsaveopt, xsavec, xrstor, ldmxcsr, stmxcsr, vldmxcsr, vstmxcsr
  case maskmovq, maskmovdqu, vmaskmovdqu, vzeroupper, vzeroall
  /// VMASKMOVPS, VMASKMOVPD, VPMASKMOVD and VPMASKMOVQ from memory and to it; VGATHERDPS, VGATHERDPD, VPGATHERDD and VPGATHERDQ,
  /// and with indices of 64 bits VGATHERQPS, VGATHERQPD, VPGATHERQD and VPGATHERQQ.
  case vmaskmovLoad, vmaskmovStore, vgatherd, vgatherq
  // The commonest forms of the above, see InstructionRecord.specialise.
  case load64, load32, store64, store32, copy64, copy32, lea64, push64, pop64, jumpIfZero, jumpUnlessZero
  case add64, addImmediate64, subtractImmediate64, compare64, compareImmediate64, compare32, compareImmediate32
  case test64, test32, xor32, andImmediate32
  // The decoder's own
  /// The block ends here, and the next instruction is elsewhere.
  case endOfBlock
  /// The code of this block was overwritten: it ends before this instruction.
  case stopped
  /// Counts how often this block is entered, see BlockCounts.
  case counted
  /// A debugger wants to stop before this instruction.
  case breakpoint
  case undefined

  var description: String { stringValue }
}
