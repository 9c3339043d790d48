internal import Assembler

/// The code around translated blocks, by its place in code memory.
struct TranslationStubs {
  /// A function of the host's calling convention: goes to the place it is given, with the guest's registers.
  let enter: Int
  /// Back to the caller of `enter`; the guest's registers go to the core.
  let exit: Int
  /// The same; the flags are saved too.
  let exitSavingFlags: Int
  /// Calls the helper, and goes on where `TranslatedState.resume` says, elsewhere, or back to the caller of `enter`: see
  /// HelperResult.
  let help: Int
  /// A near return to T0, with the guest's flags saved: looks for code there, or leaves to the run loop. If that is no
  /// address, goes on at T1 instead, and nothing has happened.
  let exitReturning: Int
  /// For each near entry: T0 is an address that missed it, and T1 the place of a jump to where code goes on, with T0 the
  /// offset in the page and T1 the page's place on the host. Behind that jump a byte tells how much is accessed, less one, with `asksNobody`, and four the
  /// block's number; behind that code goes on if the address has no page of RAM, or the access leaves it. Looks in the
  /// table, and fills the entry. Whoever comes too often gets no entry at all, see Translator.judge.
  let secondLookups: Int
  static let secondLookupSize = 320
  /// The same for an address that is not in the table either, or has no near entry: the page tables are looked at.
  let findRead: Int
  let findWrite: Int
  static let jumpSize = 5
  static let numberPlace = jumpSize + 1, lookupEnd = numberPlace + 4
  /// Brings the time stamp to EDX and EAX, and goes on at T1.
  let readTime: Int
  /// Lends the host's MXCSR, or its x87 state, to the guest, and goes on at T1; behind a jump there if not all exceptions
  /// are masked.
  let loadControl: Int
  let loadX87: Int
  /// Nothing of the host may be called: its vector registers are the guest's, or nobody is to be asked for the page.
  static let asksNobody: UInt8 = 0x80

  static let none = TranslationStubs()

  private init() { (enter, exit, exitSavingFlags, exitReturning, help, secondLookups, findRead, findWrite, readTime, loadControl, loadX87) = (0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0) }

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
    Self.giveBack(&asm)
    asm.load(.rsp, hostStack)
    let leave = asm.makeLabelHere()
    asm.apply(.add, .quad, .register(.rsp), 8)
    for register in kept.reversed() { asm.pop(register) }
    asm.ret()

    asm.align(16)
    help = asm.position
    asm.store(.gs(TranslatedState.resume), BlockTranslation.t1)
    Self.enterHost(&asm, core)
    asm.move(.rsi, BlockTranslation.t0)
    asm.call(.memory(.gs(TranslatedState.helper)))
    let goOn = asm.makeLabel()
    asm.apply(.cmp, .quad, .register(.rax), Int32(HelperResult.leave))
    asm.jump(if: .below, goOn)
    asm.jump(if: .equal, leave)
    asm.store(.gs(TranslatedState.resume), .rax)
    asm.place(goOn)
    Self.load(&asm)
    asm.jump(to: .memory(.gs(TranslatedState.resume)))

    asm.align(16)
    readTime = Self.readTime(&asm, core)

    asm.align(16)
    exitReturning = Self.exitReturning(&asm, core, leave)

    asm.align(16)
    loadControl = Self.loadControl(&asm)

    asm.align(16)
    loadX87 = Self.loadX87(&asm)

    asm.align(16)
    (findRead, findWrite) = Self.finds(&asm, core)

    asm.align(16)
    secondLookups = asm.position
    for set in 0..<SoftTLB.sets {
      for use in [SoftTLB.Use.read, .write] {
        for register in 0..<SoftTLB.nearEntries {
          let end = asm.position + Self.secondLookupSize
          Self.secondLookup(&asm, SoftTLB.table(set, use), SoftTLB.near(set, use, register), otherwise: use == .read ? findRead : findWrite)
          precondition(asm.position <= end, "a second lookup has room in its place")
          while asm.position < end { asm.byte(0x90) }
        }
      }
    }
    asm.resolve()
  }

  /// The place of the second lookup behind a near entry.
  func secondLookup(_ near: Int) -> Int { secondLookups + near / 8 * Self.secondLookupSize }

  private static func readTime(_ asm: inout Assembler, _ core: UInt64) -> Int {
    let begin = asm.position
    asm.store(.gs(TranslatedState.resume), BlockTranslation.t1)
    enterHost(&asm, core)
    asm.call(.memory(.gs(TranslatedState.clock)))
    asm.store(.long, .gs(Core.Field.rax.rawValue), .rax)
    asm.store(.long, .gs(Core.Field.rax.rawValue + 4), 0)
    asm.shift(.shr, .quad, .register(.rax), by: 32)
    asm.store(.gs(Core.Field.rdx.rawValue), .rax)
    load(&asm)
    asm.jump(to: .memory(.gs(TranslatedState.resume)))
    return begin
  }

  /// Leaves unless T0 is an address; T1 changes.
  static func emitAddressCheck(_ asm: inout Assembler, otherwise no: Label) {
    let (t0, t1) = (BlockTranslation.t0, BlockTranslation.t1)
    asm.move(t1, t0)
    asm.shift(.shl, .quad, .register(t1), by: 16)
    asm.shift(.sar, .quad, .register(t1), by: 16)
    asm.apply(.cmp, t1, .register(t0))
    asm.jump(if: .notEqual, no)
  }

  /// How far the line of an address is from the beginning of a table of targets.
  static func emitTargetLine(_ asm: inout Assembler, _ line: Register, of address: Register) {
    asm.move(line, address)
    asm.shift(.shr, .quad, .register(line), by: TranslatedState.targetFold)
    asm.apply(.xor, .long, line, .register(address))
    asm.apply(.and, .long, .register(line), Int32(TranslatedState.targetLines - 1))
    asm.shift(.shl, .long, .register(line), by: 4)
  }

  private static func exitReturning(_ asm: inout Assembler, _ core: UInt64, _ leave: Label) -> Int {
    let (t0, t1) = (BlockTranslation.t0, BlockTranslation.t1)
    let begin = asm.position
    let no = asm.makeLabel()
    asm.store(.gs(TranslatedState.resume), t1)
    emitAddressCheck(&asm, otherwise: no)
    asm.loadAddress(.rsp, Memory(.rsp, displacement: 8))
    asm.store(.gs(Core.Field.rip.rawValue), t0)
    asm.store(.long, .gs(TranslatedState.exit), UInt64(UInt32(bitPattern: Exit.unknownReturn.rawValue)))
    enterHost(&asm, core)
    asm.call(.memory(.gs(TranslatedState.targetFinder)))
    asm.test(.quad, .rax, .register(.rax))
    asm.jump(if: .equal, leave)
    asm.store(.gs(TranslatedState.resume), .rax)
    load(&asm)
    asm.jump(to: .memory(.gs(TranslatedState.resume)))
    asm.place(no)
    asm.jump(to: .memory(.gs(TranslatedState.resume)))
    return begin
  }

  /// The guest's registers go to the core, and the host has its stack and, for a function that is called next, the core.
  static func enterHost(_ asm: inout Assembler, _ core: UInt64, givesBack: Bool = true) {
    store(&asm)
    if givesBack { giveBack(&asm) }
    asm.load(.rsp, .gs(TranslatedState.hostStack))
    asm.move(.rdi, core)
  }

  /// Registers that are the guest's in translated code.
  private static let guests = Register.allCases.filter { $0 != BlockTranslation.t0 && $0 != BlockTranslation.t1 }

  static func load(_ asm: inout Assembler) {
    for register in guests { asm.load(register, .gs(Int(register.rawValue) * 8)) }
  }
  private static func store(_ asm: inout Assembler) {
    for register in guests { asm.store(.gs(Int(register.rawValue) * 8), register) }
  }
}
