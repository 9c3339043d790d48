/// Map, opcode(s), operation (eight for a group), operands and attributes.
///
/// E is ModRM.rm, G ModRM.reg, Z the opcode's low bits, I an immediate (Is a sign-extended byte), J a branch, O an
/// absolute offset, S and C segment and control registers, A a far pointer, M memory of no size, m only a ModRM byte.
/// d64: 64 bits by default in 64-bit code; i64 invalid and o64 only there; rest: all opcodes that no other row names.
let opcodeText = """
  0 00 add Eb Gb
  0 01 add Ev Gv
  0 02 add Gb Eb
  0 03 add Gv Ev
  0 04 add AL Ib
  0 05 add eAX Iz
  0 08 or Eb Gb
  0 09 or Ev Gv
  0 0A or Gb Eb
  0 0B or Gv Ev
  0 0C or AL Ib
  0 0D or eAX Iz
  0 10 adc Eb Gb
  0 11 adc Ev Gv
  0 12 adc Gb Eb
  0 13 adc Gv Ev
  0 14 adc AL Ib
  0 15 adc eAX Iz
  0 18 sbb Eb Gb
  0 19 sbb Ev Gv
  0 1A sbb Gb Eb
  0 1B sbb Gv Ev
  0 1C sbb AL Ib
  0 1D sbb eAX Iz
  0 20 and Eb Gb
  0 21 and Ev Gv
  0 22 and Gb Eb
  0 23 and Gv Ev
  0 24 and AL Ib
  0 25 and eAX Iz
  0 28 sub Eb Gb
  0 29 sub Ev Gv
  0 2A sub Gb Eb
  0 2B sub Gv Ev
  0 2C sub AL Ib
  0 2D sub eAX Iz
  0 30 xor Eb Gb
  0 31 xor Ev Gv
  0 32 xor Gb Eb
  0 33 xor Gv Ev
  0 34 xor AL Ib
  0 35 xor eAX Iz
  0 38 cmp Eb Gb
  0 39 cmp Ev Gv
  0 3A cmp Gb Eb
  0 3B cmp Gv Ev
  0 3C cmp AL Ib
  0 3D cmp eAX Iz
  0 06 pushSegment i64
  0 07 popSegment i64
  0 0E pushSegment i64
  0 16 pushSegment i64
  0 17 popSegment i64
  0 1E pushSegment i64
  0 1F popSegment i64
  0 27 daa i64
  0 2F das i64
  0 37 aaa i64
  0 3F aas i64
  0 40-47 increment Zv
  0 48-4F decrement Zv
  0 50-57 push Zv d64
  0 58-5F pop Zv d64
  0 60 pushAll i64
  0 61 popAll i64
  0 62 bound Gv M i64
  0 63 moveSign32 Gv Ed
  0 68 pushImmediate Iz d64
  0 69 imulThree Gv Ev Iz
  0 6A pushImmediate Is d64
  0 6B imulThree Gv Ev Is
  0 70-7F jcc Jb d64
  0 80 add/or/adc/sbb/and/sub/xor/cmp Eb Ib
  0 81 add/or/adc/sbb/and/sub/xor/cmp Ev Iz
  0 82 add/or/adc/sbb/and/sub/xor/cmp Eb Ib i64
  0 83 add/or/adc/sbb/and/sub/xor/cmp Ev Is
  0 84 test Eb Gb
  0 85 test Ev Gv
  0 86 exchange Eb Gb
  0 87 exchange Ev Gv
  0 88 move Eb Gb
  0 89 move Ev Gv
  0 8A move Gb Eb
  0 8B move Gv Ev
  0 8C moveFromSegment Ev Sw
  0 8D lea Gv M
  0 8E moveToSegment Sw Ew
  0 8F pop/undefined/undefined/undefined/undefined/undefined/undefined/undefined Ev d64
  0 90-97 exchange Zv eAX
  0 98 convert eAX
  0 99 extend eAX
  0 9A farCall A i64
  0 9B fwait
  0 9C pushFlags d64
  0 9D popFlags d64
  0 9E sahf
  0 9F lahf
  0 A0 move AL Ob
  0 A1 move eAX Ov
  0 A2 move Ob AL
  0 A3 move Ov eAX
  0 A4 moveString AL
  0 A5 moveString eAX
  0 A6 compareString AL
  0 A7 compareString eAX
  0 A8 test AL Ib
  0 A9 test eAX Iz
  0 AA storeString AL
  0 AB storeString eAX
  0 AC loadString AL
  0 AD loadString eAX
  0 AE scanString AL
  0 AF scanString eAX
  0 6C inputString AL
  0 6D inputString eAX
  0 6E outputString AL
  0 6F outputString eAX
  0 B0-B7 move Zb Ib
  0 B8-BF move Zv Iv
  0 C0 rol/ror/rcl/rcr/shl/shr/shl/sar Eb Ib
  0 C1 rol/ror/rcl/rcr/shl/shr/shl/sar Ev Ib
  0 C2 ret Iw d64
  0 C3 ret d64
  0 C4 les Gv M i64
  0 C5 lds Gv M i64
  0 C6 move/undefined/undefined/undefined/undefined/undefined/undefined/undefined Eb Ib
  0 C7 move/undefined/undefined/undefined/undefined/undefined/undefined/undefined Ev Iz
  0 C8 enter Iw Ib d64
  0 C9 leave d64
  0 CA farReturn Iw
  0 CB farReturn
  0 CC interrupt3
  0 CD softwareInterrupt Ib
  0 CE into i64
  0 CF iret
  0 D0 rol/ror/rcl/rcr/shl/shr/shl/sar Eb 1
  0 D1 rol/ror/rcl/rcr/shl/shr/shl/sar Ev 1
  0 D2 rol/ror/rcl/rcr/shl/shr/shl/sar Eb CL
  0 D3 rol/ror/rcl/rcr/shl/shr/shl/sar Ev CL
  0 D4 aam Ib i64
  0 D5 aad Ib i64
  0 D6 salc i64
  0 D7 translate AL
  0 D8-DF x87 m
  0 E0 loopne Jb d64
  0 E1 loope Jb d64
  0 E2 loop Jb d64
  0 E3 jcxz Jb d64
  0 E4 input AL Ib
  0 E5 input eAX Ib
  0 E6 output AL Ib
  0 E7 output eAX Ib
  0 E8 call Jz d64
  0 E9 jump Jz d64
  0 EA farJump A i64
  0 EB jump Jb d64
  0 EC inputDX AL
  0 ED inputDX eAX
  0 EE outputDX AL
  0 EF outputDX eAX
  0 F1 interrupt1
  0 F4 halt
  0 F5 cmc
  0 F6 test/test/not/negate/mul/imul/div/idiv Eb Ib
  0 F7 test/test/not/negate/mul/imul/div/idiv Ev Iz
  0 F8 clc
  0 F9 stc
  0 FA cli
  0 FB sti
  0 FC cld
  0 FD std
  0 FE increment/decrement/undefined/undefined/undefined/undefined/undefined/undefined Eb
  0 FF increment/decrement/callNear/farCallMemory/jumpNear/farJumpMemory/push/undefined Ev
  1 00 sldt/str/lldt/ltr/verr/verw/undefined/undefined Ew
  1 01 sgdt/sidt/lgdt/lidt/smsw/undefined/lmsw/invlpg Ev
  1 02 loadAccessRights Gv Ew
  1 03 loadLimit Gv Ew
  1 05 syscall
  1 06 clts
  1 07 sysret
  1 08-09 wbinvd
  1 0B undefined
  1 0D prefetch m
  1 10-17 vector m
  1 18-1F nop Ev
  1 20 moveFromControl Em Cm
  1 21 moveFromDebug Em Cm
  1 22 moveToControl Em Cm
  1 23 moveToDebug Em Cm
  1 28-2F vector m
  1 30 wrmsr
  1 31 rdtsc
  1 32 rdmsr
  1 33 rdpmc
  1 34 sysenter
  1 35 sysexit
  1 40-4F cmov Gv Ev
  1 50-6F vector m
  1 70-73 vector m Ib
  1 74-76 vector m
  1 77 emms
  1 78-7F vector m
  1 80-8F jcc Jz d64
  1 90-9F setcc Eb
  1 A0 pushSegment d64
  1 A1 popSegment d64
  1 A2 cpuid
  1 A3 bitTest Ev Gv
  1 A4 shld Ev Gv Ib
  1 A5 shld Ev Gv CL
  1 A8 pushSegment d64
  1 A9 popSegment d64
  1 AB bitTestSet Ev Gv
  1 AC shrd Ev Gv Ib
  1 AD shrd Ev Gv CL
  1 AE fxsave/fxrstor/ldmxcsr/stmxcsr/xsave/xrstor/xsaveopt/nop
  1 AF imulTwo Gv Ev
  1 B0 compareExchange Eb Gb
  1 B1 compareExchange Ev Gv
  1 B2 lss Gv M
  1 B3 bitTestReset Ev Gv
  1 B4 lfs Gv M
  1 B5 lgs Gv M
  1 B6 moveZero8 Gv Eb
  1 B7 moveZero16 Gv Ew
  1 B8 popcnt Gv Ev
  1 B9 undefined m
  1 BA undefined/undefined/undefined/undefined/bitTest/bitTestSet/bitTestReset/bitTestComplement Ev Ib
  1 BB bitTestComplement Ev Gv
  1 BC scanForward Gv Ev
  1 BD scanReverse Gv Ev
  1 BE moveSign8 Gv Eb
  1 BF moveSign16 Gv Ew
  1 C0 exchangeAdd Eb Gb
  1 C1 exchangeAdd Ev Gv
  1 C2 vector m Ib
  1 C3 move Ey Gy
  1 C4-C6 vector m Ib
  1 C7 undefined/compareExchangePair/undefined/undefined/xsavec/undefined/rdrand/rdseed Ey
  1 C8-CF byteSwap Zv
  1 D0-F6 vector m
  1 F7 maskmovq m
  1 F8-FE vector m
  1 FF undefined m
  2 00-EF vector m
  2 F0 moveBE Gv Ev
  2 F1 moveBE Ev Gv
  2 F2-FF undefined m rest
  2 F6 adcx Gy Ey
  3 00-FF vector m Ib
  4 00-FF undefined m
  5 00-FF vector m rest
  5 70-73 vector m Ib
  5 77 vzeroupper
  5 AE undefined/undefined/vldmxcsr/vstmxcsr/undefined/undefined/undefined/undefined
  5 F7 vmaskmovdqu m
  5 C2 vector m Ib
  5 C4-C6 vector m Ib
  6 00-EF vector m rest
  6 2C-2D vmaskmovLoad m
  6 2E-2F vmaskmovStore m
  6 8C vmaskmovLoad m
  6 8E vmaskmovStore m
  6 90 vgatherd m
  6 91 vgatherq m
  6 92 vgatherd m
  6 93 vgatherq m
  6 F0-FF undefined m rest
  6 F2 andn Gy Ey
  6 F3 undefined/blsr/blsmsk/blsi/undefined/undefined/undefined/undefined Ey
  6 F5 bzhi Gy Ey
  6 F6 mulx Gy Ey
  6 F7 bextr Gy Ey
  7 00-FF vector m Ib rest
  7 F0 rorx Gy Ey Ib
  """
