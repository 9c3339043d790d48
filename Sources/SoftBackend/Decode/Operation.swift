/// What an instruction does, whatever its width and operands; one case of the run loop's switch.
enum Operation: UInt16 {
  // Arithmetic: the second half of a name says where the operands are.
  case add, or, adc, sbb, and, sub, xor, cmp, test
  case increment, decrement, negate, not
  case rol, ror, rcl, rcr, shl, shr, sar, shld, shrd
  case mul, imul, imulTwo, imulThree, div, idiv
  case decimalAdjust, asciiAdjust
  // Moves
  case move, moveZero8, moveZero16, moveSign8, moveSign16, moveSign32, lea, exchange, exchangeAdd
  case compareExchange, compareExchangePair, cmov, setcc, byteSwap, moveBE, convert, extend, translate
  case lahf, sahf, flagControl, salc, loadFar
  // Bits
  case bitTest, bitTestSet, bitTestReset, bitTestComplement, scanForward, scanReverse, popcnt, tzcnt, lzcnt
  case andn, bextr, lowestBit, bzhi, pdep, pext, rorx, mulx, shiftx, crc32, adcx, adox
  // Stack and control
  case push, pushImmediate, pop, pushSegment, popSegment, pushFlags, popFlags, pushAll, popAll, enter, leave
  case jump, jumpNear, jcc, call, callNear, ret, loop, jcxz
  case farJump, farCall, farReturn, farJumpMemory, farCallMemory, iret, softwareInterrupt, interrupt1, interrupt3, into, bound
  case syscall, sysret, sysenter, sysexit
  // Strings and ports
  case moveString, storeString, loadString, compareString, scanString, inputString, outputString, input, output
  // System
  case nop, pause, halt, cpuid, rdtsc, rdtscp, rdmsr, wrmsr, rdpmc, swapgs, fsgsbase, random, rdpid, cli, sti, clac, stac
  case moveFromControl, moveToControl, moveFromDebug, moveToDebug, clts, lmsw, smsw, invlpg, invpcid, wbinvd
  case descriptorTable, segmentTable, verifySegment, loadAccessRights, loadLimit, moveFromSegment, moveToSegment
  case arpl, xgetbv, xsetbv, rdpkru, wrpkru, hypercall, prefetch
  case vector
  /// Vector instructions that the host executes, see Decoder.findHostCode.
  case hosted, hostedFloat, hostedRarely
  // The commonest forms of the above, see InstructionRecord.specialise.
  case load64, load32, store64, store32, copy64, copy32, lea64, push64, pop64, jumpIfZero, jumpUnlessZero
  case add64, addImmediate64, subtractImmediate64, compare64, compareImmediate64, compare32, compareImmediate32
  case test64, test32, xor32, andImmediate32
  /// The block ends here, and the next instruction is elsewhere.
  case endOfBlock
  /// The code of this block was overwritten: it ends before this instruction.
  case stopped
  /// A debugger wants to stop before this instruction.
  case breakpoint
  case undefined
}
