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
  private static let numberPlace = jumpSize + 1, lookupEnd = numberPlace + 4
  /// Brings the time stamp to EDX and EAX, and goes on at T1.
  let readTime: Int
  /// Gives the host the guest's MXCSR, and goes on at T1; behind a jump there if it raises exceptions.
  let loadControl: Int
  /// Nothing of the host may be called: its vector registers are the guest's, or nobody is to be asked for the page.
  static let asksNobody: UInt8 = 0x80

  static let none = TranslationStubs()

  private init() { (enter, exit, exitSavingFlags, exitReturning, help, secondLookups, findRead, findWrite, readTime, loadControl) = (0, 0, 0, 0, 0, 0, 0, 0, 0, 0) }

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
    Self.giveBackControl(&asm)
    Self.store(&asm)
    asm.load(.rsp, hostStack)
    let leave = asm.makeLabelHere()
    asm.apply(.add, .quad, .register(.rsp), 8)
    for register in kept.reversed() { asm.pop(register) }
    asm.ret()

    asm.align(16)
    help = asm.position
    asm.store(.gs(TranslatedState.resume), BlockTranslation.t1)
    Self.giveBackControl(&asm)
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

  private static func secondLookup(_ asm: inout Assembler, _ table: Int, _ near: Int, otherwise find: Int) {
    let (t0, t1) = (BlockTranslation.t0, BlockTranslation.t1)
    let miss = asm.makeLabel()
    let sought = Memory.gs(TranslatedState.sought), resume = Memory.gs(TranslatedState.resume)
    asm.store(resume, t1)
    asm.store(sought, t0)
    asm.move(.long, t1, .register(t0))
    asm.shift(.shr, .long, .register(t1), by: 8)
    asm.apply(.and, .long, .register(t1), Int32(SoftTLB.lineMask))
    asm.apply(.sub, t0, .memory(.gs(table, index: t1)))
    asm.apply(.cmp, .quad, .register(t0), 4095)
    asm.jump(if: .above, miss)
    asm.load(t0, .gs(table, index: t1))
    asm.store(.gs(SoftTLB.nearPages + near), t0)
    asm.load(t1, .gs(table + 8, index: t1))
    asm.store(.gs(SoftTLB.nearDistances + near), t1)
    asm.apply(.add, t1, .register(t0))
    asm.store(.gs(SoftTLB.nearHosts + near), t1)
    for size in SoftTLB.nearSizes { asm.store(.quad, .gs(SoftTLB.nearLimits(for: size) + near), UInt64(4096 - size + 1)) }
    asm.load(t1, resume)
    asm.load(.long, t0, Memory(t1, displacement: Int32(numberPlace)))
    asm.apply(.sub, .long, .memory(.gs(TranslatedState.patience, index: t0, scale: 2)), 1)
    asm.jump(if: .equal, miss)
    // Whether the access stays in the page.
    asm.emit(Opcode(0xB6, .two), .long, .register(t1), .memory(Memory(t1, displacement: Int32(jumpSize))))
    asm.apply(.and, .long, .register(t1), Int32(~asksNobody))
    asm.apply(.xor, .long, .register(t1), 4095)
    asm.load(t0, sought)
    asm.apply(.sub, t0, .memory(.gs(SoftTLB.nearPages + near)))
    asm.apply(.cmp, .quad, t0, .register(t1))
    asm.jump(if: .above, miss)
    asm.load(t1, .gs(SoftTLB.nearHosts + near))
    asm.jump(to: .memory(resume))
    asm.place(miss)
    asm.load(t0, sought)
    asm.load(t1, resume)
    asm.jump(toDistance: find)
  }

  private static func finds(_ asm: inout Assembler, _ core: UInt64) -> (read: Int, write: Int) {
    let (t0, t1) = (BlockTranslation.t0, BlockTranslation.t1)
    let (common, nowhere, notHere) = (asm.makeLabel(), asm.makeLabel(), asm.makeLabel())
    let resume = Memory.gs(TranslatedState.resume), request = Memory.gs(TranslatedState.request)
    let read = asm.position
    asm.store(.long, request, 0)
    asm.jump(common)
    let write = asm.position
    asm.store(.long, request, 1)
    asm.place(common)
    asm.store(resume, t1)
    asm.apply(.cmp, .byte, .memory(Memory(t1, displacement: Int32(jumpSize))), 0)
    asm.jump(if: .negative, notHere)
    asm.store(.gs(TranslatedState.sought), t0)
    enterHost(&asm, core)
    asm.move(.rsi, t0)
    asm.emit(Opcode(0xB6, .two), .long, .register(.rdx), .memory(Memory(t1, displacement: Int32(jumpSize))))
    asm.load(.long, .rcx, request)
    asm.load(.long, .r8, Memory(t1, displacement: Int32(numberPlace)))
    asm.call(.memory(.gs(TranslatedState.finder)))
    asm.move(t1, .rax)
    asm.test(.quad, .rax, .register(.rax))
    asm.jump(if: .equal, nowhere)
    load(&asm)
    asm.load(.long, t0, .gs(TranslatedState.sought))
    asm.apply(.and, .long, .register(t0), 4095)
    asm.jump(to: .memory(resume))
    asm.place(nowhere)
    load(&asm)
    asm.load(t1, resume)
    asm.place(notHere)
    asm.loadAddress(t1, Memory(t1, displacement: Int32(lookupEnd)))
    asm.jump(to: .register(t1))
    return (read, write)
  }

  private static func readTime(_ asm: inout Assembler, _ core: UInt64) -> Int {
    let begin = asm.position
    asm.store(.gs(TranslatedState.resume), BlockTranslation.t1)
    giveBackControl(&asm)
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

  private static let control = Memory.gs(VectorArea.mxcsr)

  private static func loadControl(_ asm: inout Assembler) -> Int {
    let (t0, t1) = (BlockTranslation.t0, BlockTranslation.t1)
    let begin = asm.position
    let raises = asm.makeLabel()
    asm.load(.long, t0, control)
    asm.apply(.and, .long, .register(t0), Int32(FloatControl.masks))
    asm.apply(.cmp, .long, .register(t0), Int32(FloatControl.masks))
    asm.jump(if: .notEqual, raises)
    asm.loadControl(control)
    asm.store(.byte, .gs(TranslatedState.hasControl), 1)
    asm.jump(to: .register(t1))
    asm.place(raises)
    asm.loadAddress(t1, Memory(t1, displacement: Int32(jumpSize)))
    asm.jump(to: .register(t1))
    return begin
  }

  /// The host's own code is about to run.
  private static func giveBackControl(_ asm: inout Assembler) {
    let done = asm.makeLabel()
    asm.apply(.cmp, .byte, .memory(.gs(TranslatedState.hasControl)), 0)
    asm.jump(if: .equal, done)
    asm.storeControl(control)
    asm.loadControl(.gs(VectorArea.hostControl))
    asm.store(.byte, .gs(TranslatedState.hasControl), 0)
    asm.place(done)
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
    giveBackControl(&asm)
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
  private static func enterHost(_ asm: inout Assembler, _ core: UInt64) {
    store(&asm)
    asm.load(.rsp, .gs(TranslatedState.hostStack))
    asm.move(.rdi, core)
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
