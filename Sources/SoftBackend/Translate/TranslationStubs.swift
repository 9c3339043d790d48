internal import Assembler

/// The code around translated blocks, by its place in code memory.
struct TranslationStubs {
  /// A function of the host's calling convention: goes to the place it is given, with the guest's registers.
  let enter: Int
  /// Back to the caller of `enter`; the guest's registers go to the core.
  let exit: Int
  /// The same; the flags are saved too.
  let exitSavingFlags: Int
  /// Calls the helper, and goes on where `TranslatedState.resume` says, or back to the caller of `enter`.
  let help: Int
  /// For each near entry: T0 is an address that missed it. Looks in the table, fills the entry and goes on where
  /// `resume` says, with T0 and T1 as after a lookup; or, if the table has it not either, where `miss` says.
  let secondLookups: Int
  static let secondLookupSize = 128

  static let none = TranslationStubs()

  private init() { (enter, exit, exitSavingFlags, help, secondLookups) = (0, 0, 0, 0, 0) }

  init(_ asm: inout Assembler, core: UInt64) {
    let hostStack = Memory.gs(TranslatedState.hostStack)
    let temporary = Memory.gs(TranslatedState.temporary)
    let kept: [Register] = [.rbx, .rbp, .r12, .r13, .r14, .r15]

    enter = asm.position
    for register in kept { asm.push(register) }
    asm.apply(.sub, .quad, .register(.rsp), 8)
    asm.store(hostStack, .rsp)
    asm.store(temporary, .rdi)
    Self.load(&asm)
    asm.jump(to: .memory(temporary))

    asm.align(16)
    exitSavingFlags = asm.position
    asm.store(.gs(Core.Field.rax.rawValue), .rax)
    asm.lahf()
    asm.set(.overflow, .register(.rax))
    asm.store(.long, .gs(TranslatedState.flags), .rax)
    asm.load(.rax, .gs(Core.Field.rax.rawValue))
    exit = asm.position
    Self.store(&asm)
    asm.load(.rsp, hostStack)
    let leave = asm.makeLabelHere()
    asm.apply(.add, .quad, .register(.rsp), 8)
    for register in kept.reversed() { asm.pop(register) }
    asm.ret()

    asm.align(16)
    help = asm.position
    asm.store(.gs(TranslatedState.resume), .r15)
    Self.store(&asm)
    asm.load(.rsp, hostStack)
    asm.move(.rdi, core)
    asm.move(.rsi, .r11)
    asm.call(.memory(.gs(TranslatedState.helper)))
    asm.test(.long, .rax, .register(.rax))
    asm.jump(if: .notEqual, leave)
    Self.load(&asm)
    asm.jump(to: .memory(.gs(TranslatedState.resume)))

    asm.align(Self.secondLookupSize)
    secondLookups = asm.position
    for set in 0..<SoftTLB.sets {
      for use in [SoftTLB.Use.read, .write] {
        for register in 0..<SoftTLB.nearEntries {
          Self.secondLookup(&asm, SoftTLB.table(set, use), SoftTLB.near(set, use, register))
          asm.align(Self.secondLookupSize)
        }
      }
    }
    asm.resolve()
  }

  /// The place of the second lookup behind a near entry.
  func secondLookup(_ near: Int) -> Int { secondLookups + near / 8 * Self.secondLookupSize }

  private static func secondLookup(_ asm: inout Assembler, _ table: Int, _ near: Int) {
    let (t0, t1) = (BlockTranslation.t0, BlockTranslation.t1)
    let miss = asm.makeLabel()
    asm.move(.long, t1, .register(t0))
    asm.shift(.shr, .long, .register(t1), by: 8)
    asm.apply(.and, .long, .register(t1), Int32(SoftTLB.lineMask))
    asm.apply(.sub, t0, .memory(.gs(table, index: t1)))
    asm.apply(.cmp, .quad, .register(t0), Int32(4096 - SoftTLB.nearSlack))
    asm.jump(if: .above, miss)
    asm.store(.gs(TranslatedState.temporary), t0)
    asm.load(t0, .gs(table, index: t1))
    asm.store(.gs(SoftTLB.nearPages + near), t0)
    asm.load(t1, .gs(table + 8, index: t1))
    asm.store(.gs(SoftTLB.nearHosts + near), t1)
    asm.store(.quad, .gs(SoftTLB.nearLimits + near), UInt64(4096 - SoftTLB.nearSlack + 1))
    asm.load(t0, .gs(TranslatedState.temporary))
    asm.jump(to: .memory(.gs(TranslatedState.resume)))
    asm.place(miss)
    asm.jump(to: .memory(.gs(TranslatedState.miss)))
  }

  /// Registers that are the guest's in translated code.
  private static let guests = Register.allCases.filter { $0 != BlockTranslation.t0 && $0 != BlockTranslation.t1 }

  private static func load(_ asm: inout Assembler) {
    for register in guests { asm.load(register, .gs(Int(register.rawValue) * 8)) }
  }
  private static func store(_ asm: inout Assembler) {
    for register in guests { asm.store(.gs(Int(register.rawValue) * 8), register) }
  }
}
