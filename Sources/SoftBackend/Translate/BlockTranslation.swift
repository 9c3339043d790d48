internal import Assembler

/// One decoded block on its way to host code, instruction by instruction.
///
/// Guest registers are in the host's registers of the same names, RSP too; but R11 and R15 stay in the core's block, and
/// their host registers are free for addresses and values between instructions. The guest's arithmetic flags are the
/// host's, unless something that needs the host's came between; then they were saved before, if anybody reads them yet.
@safe struct BlockTranslation {
  /// What a slow path does: everything again that could not be done quickly, by the interpreter.
  struct SlowPath {
    var miss: Label
    /// After the lookup, with T0 the offset in the page and T1 the page's place.
    var hit: Label
    var resume: Label
    /// Nil where it was no lookup that failed.
    var access: MemoryAccess?
    var first: Int
    var count: Int
    /// The host has the flags after the instruction.
    var restoresFlags = false
    var flagsBefore = false
    /// A near return to the address in T0, which has no code of the host.
    var isReturn = false
    /// An operand that its instruction cannot have, wherever it is.
    var unfit: Label?
    /// Whether it was the first look at MXCSR that failed.
    var isFloat = false
    /// What the host has of the vector registers before, and must have after it all.
    var vectorsBefore = VectorRegisters()
    var vectorsAfter = VectorRegisters()
  }

  /// A way to another block that may be linked to it.
  struct Edge {
    var target: UInt64
    /// Where the jump's distance is, from the start of this code; and the code that leaves instead.
    var site: Int
    var stub = 0
    var isNear: Bool
    var flags: FlagPlace
  }
  enum FlagPlace { case nowhere, host, saved }

  /// Free between instructions.
  static let (t0, t1) = (Register.r11, Register.r15)

  var asm = Assembler()
  let context: TranslationContext
  let first: Instruction
  let block: UnsafePointer<BlockRecord>
  let number: Int
  let mapping: Int
  /// Where this code will be, from the start of code memory.
  let origin: Int
  var count = 0
  /// For each instruction whether somebody may read the flags that are there after it.
  var isLiveAfter: [Bool] = []
  var isLiveBefore: [Bool] = []
  var flagsInHost = false
  var flagsSaved = false
  var vectors = VectorRegisters()
  var residents = Residents()
  /// The present instruction needs no temporaries.
  var keepsResidents = false
  /// The instruction that last looked whether the host has the guest's MXCSR.
  var asksForControl = -1
  var slowPaths: [SlowPath] = []
  var farJumps: [(label: Label, target: UInt64, isLive: Bool, mustSave: Bool, instructions: Int)] = []
  var edges: [Edge] = []
  private(set) var nearEntry = 0
  private var pollsAtEntry = false
  private var attention: Label?
  /// Where the block goes on from both entries, with the flags saved.
  private var begin: Label?

  @unsafe init(_ block: UnsafePointer<BlockRecord>, _ context: TranslationContext, number: Int, mapping: Int, origin: Int) {
    unsafe self.block = unsafe block
    unsafe first = Instruction(firstOf: UnsafeMutablePointer(mutating: block))
    (self.context, self.number, self.mapping, self.origin) = (context, number, mapping, origin)
  }

  var core: Core { context.core }
  var rip: UInt64 { unsafe block.pointee.rip }
  /// Whether the flags before this block matter in it, or after it.
  var needsFlags: Bool { isLiveBefore.first ?? true }

  func instruction(_ k: Int) -> Instruction { unsafe Instruction(record: first.record + k) }

  // MARK: The whole

  /// Writes the block's code. False if it is not worth it.
  mutating func translate() -> Bool {
    while instruction(count).operation != .endOfBlock {
      if instruction(count).operation == .stopped || instruction(count).operation == .breakpoint { return false }
      count += 1
    }
    guard count > 0 else { return false }
    findLiveFlags()
    emitEntries()
    var k = 0
    while k < count {
      k += emit(instruction(k), k)
    }
    // What comes out of line has temporaries.
    keepsResidents = false
    storeResidents()
    storeVectors()
    if !Self.neverContinues(instruction(count - 1).operation) {
      // The interpreter counts the end of a block as one more.
      edge(after: count + 1, to: instruction(count).address, from: instruction(count).address, isLiveAfter[count - 1])
    }
    emitSavingEntry()
    emitFarJumps()
    emitSlowPaths()
    emitEdgeStubs()
    asm.resolve()
    return true
  }

  private static func neverContinues(_ operation: Operation) -> Bool {
    switch operation {
    case .jump, .jumpNear, .call, .callNear, .ret: true
    default: false
    }
  }

  // MARK: Flags

  /// From the end to the beginning: who reads what.
  private mutating func findLiveFlags() {
    isLiveAfter = [Bool](repeating: true, count: count)
    isLiveBefore = isLiveAfter
    let last = instruction(count - 1)
    var isLive: Bool
    switch last.operation {
    case .jump, .call: isLive = isLiveAt(last.immediate)
    case .jumpNear, .callNear, .ret: isLive = true
    default: isLive = isLiveAt(instruction(count).address)
    }
    for k in (0..<count).reversed() {
      isLiveAfter[k] = isLive
      let use = instruction(k).flagUse
      isLive = use.reads || isLive && !use.writesAll
      isLiveBefore[k] = isLive
    }
  }

  /// Whether the flags may matter to the code at an address: if that is in this page, and decoded, it tells.
  func isLiveAt(_ target: UInt64) -> Bool {
    guard isNear(target), let records = unsafe core.decoded(at: target, sameAs: block) else { return true }
    var k = 0
    while true {
      let i = unsafe Instruction(record: records.record + k)
      let use = i.flagUse
      if use.reads || i.operation == .endOfBlock { return true }
      if use.writesAll { return false }
      k += 1
    }
  }

  func isNear(_ target: UInt64) -> Bool { target >> 12 == rip >> 12 }

  /// Where RAX is while its host register is needed, and T1 is not free.
  private var savedRAX: Memory { .gs(Core.Field.rax.rawValue) }

  /// Keeps the flags somewhere before the host's are used for something else. T1 may change unless a register is there.
  mutating func saveFlags() {
    defer { flagsInHost = false }
    guard !flagsSaved, flagsInHost else { return }
    let isFree = !residents.loaded.contains(Self.t1)
    if isFree { asm.move(Self.t1, .rax) } else { asm.store(savedRAX, .rax) }
    asm.lahf()
    asm.set(.overflow, .register(.rax))
    asm.store(.long, .gs(TranslatedState.flags), .rax)
    if isFree { asm.move(.rax, Self.t1) } else { asm.load(.rax, savedRAX) }
    flagsSaved = true
  }

  /// Brings the flags back to the host.
  mutating func restoreFlags(usingT1: Bool = true) {
    guard !flagsInHost else { return }
    flagsInHost = true
    emitRestoringFlags(usingT1: usingT1 && !residents.loaded.contains(Self.t1))
  }

  mutating func emitRestoringFlags(usingT1: Bool) {
    if usingT1 { asm.move(Self.t1, .rax) } else { asm.store(savedRAX, .rax) }
    asm.load(.long, .rax, .gs(TranslatedState.flags))
    asm.apply(.add, .byte, .register(.rax), 0x7F)
    asm.sahf()
    if usingT1 { asm.move(.rax, Self.t1) } else { asm.load(.rax, savedRAX) }
  }

  /// Flags that an instruction reads, or changes but in part, must be the host's before its last step, which is the
  /// same instruction of the host.
  mutating func needFlags(_ i: Instruction, _ k: Int, usingT1: Bool = true) {
    let use = i.flagUse
    if use.reads || use.writes && !use.writesAll && isLiveAfter[k] { restoreFlags(usingT1: usingT1) }
  }
  mutating func noteFlags(_ i: Instruction) {
    guard i.flagUse.writes else { return }
    (flagsInHost, flagsSaved) = (true, false)
  }

  // MARK: Entries

  /// The far entry is for whoever does not know whether this page of code is still mapped here: other pages, indirect
  /// jumps and the run loop. It comes with the flags saved. The near entry is for the same page, with the flags in
  /// the host. Whoever goes round in a circle comes by a far entry, or by a block that jumps back and so looks up here.
  /// Between the entries and the first instruction the flags are moved to where it wants them.
  private mutating func emitEntries() {
    let jumpsBack = (0..<count).contains { k in
      let i = instruction(k)
      switch i.operation.plain {
      case .jcc, .jump, .call: return i.immediate <= i.address && isNear(i.immediate)
      default: return false
      }
    }
    pollsAtEntry = jumpsBack && !needsFlags && !context.countsInstructions
    let stale = asm.makeLabel()
    attention = stale
    asm.apply(.cmp, .byte, .memory(.gs(TranslatedState.mappings + mapping)), 0)
    asm.jump(if: .equal, stale)
    if pollsAtEntry { nearEntry = asm.position }
    asm.apply(.cmp, .long, .memory(.gs(Core.Field.attention.rawValue)), 0)
    asm.jump(if: .notEqual, stale)
    if context.countsInstructions {
      asm.apply(.cmp, .quad, .memory(.gs(TranslatedState.budget)), 0)
      asm.jump(if: .notGreater, stale)
    }
    (flagsInHost, flagsSaved) = (false, needsFlags)
    if pollsAtEntry { return }
    guard needsFlags, savesFlagsFirst else {
      if needsFlags { restoreFlags() }
      nearEntry = asm.position
      flagsSaved = false
      return
    }
    begin = asm.makeLabelHere()
  }

  /// Whether the first instructions move the flags out of the way before any of them reads or changes them.
  private var savesFlagsFirst: Bool {
    for k in 0..<count {
      let i = instruction(k)
      if i.flagUse.reads { return false }
      if i.isMemory || i.operation.plain == .push || i.operation.plain == .pop || i.operation == .ret { return true }
      if i.flagUse.writes { return false }
    }
    return false
  }

  /// Out of line: the near entry of a block that wants the flags saved.
  private mutating func emitSavingEntry() {
    guard let begin else { return }
    nearEntry = asm.position
    (flagsInHost, flagsSaved) = (true, false)
    saveFlags()
    asm.jump(begin)
  }

  /// Whether a jump to a block may use its near entry: there must be a look at `attention` in the circle, and where time
  /// is counted every block looks.
  func mayJumpNear(_ target: UInt64, from address: UInt64) -> Bool {
    isNear(target) && (target > address || pollsAtEntry) && !context.countsInstructions
  }

  /// So many instructions of this block have been executed when it is left. Changes the host's flags.
  mutating func passTime(_ instructions: Int) {
    guard context.countsInstructions else { return }
    asm.apply(.sub, .quad, .memory(.gs(TranslatedState.budget)), Int32(instructions))
  }

  // MARK: Edges

  /// The block's last jump, after so many instructions.
  mutating func edge(after instructions: Int, to target: UInt64, from address: UInt64, _ isLive: Bool) {
    let isNear = mayJumpNear(target, from: address)
    if isLive { isNear ? restoreFlags() : saveFlags() }
    passTime(instructions)
    let site = asm.jump(toDistance: 0)
    edges.append(Edge(target: target, site: site, isNear: isNear, flags: !isLive ? .nowhere : isNear ? .host : .saved))
  }

  /// A conditional jump out of the block.
  mutating func sideEdge(_ condition: Condition, after instructions: Int, to target: UInt64, from address: UInt64) {
    let isLive = isLiveAt(target)
    guard mayJumpNear(target, from: address) else {
      let label = asm.makeLabel()
      asm.jump(if: condition, label)
      farJumps.append((label, target, isLive, isLive && !flagsSaved, instructions))
      return
    }
    let site = asm.jump(if: condition, toDistance: 0)
    edges.append(Edge(target: target, site: site, isNear: true, flags: isLive ? .host : .nowhere))
  }

  private mutating func emitFarJumps() {
    for jump in farJumps {
      asm.place(jump.label)
      (flagsInHost, flagsSaved) = (true, !jump.mustSave)
      saveFlags()
      passTime(jump.instructions)
      let site = asm.jump(toDistance: 0)
      edges.append(Edge(target: jump.target, site: site, isNear: false, flags: jump.isLive ? .saved : .nowhere))
    }
  }

  private mutating func emitEdgeStubs() {
    for k in edges.indices {
      edges[k].stub = asm.position
      asm.redirect(edges[k].site, to: asm.position)
      asm.store(.long, .gs(TranslatedState.exit), UInt64(context.firstEdge + k))
      leave(savingFlags: edges[k].flags == .host)
    }
    if let attention {
      asm.place(attention)
      emitLeaving(at: rip, needsFlags ? Exit.withFlags : Exit.plain)
    }
  }

  /// Leaves to the run loop, which goes on at `address`.
  mutating func emitLeaving(at address: UInt64, _ exit: Int32) {
    asm.move(Self.t0, address)
    asm.store(.gs(Core.Field.rip.rawValue), Self.t0)
    asm.store(.long, .gs(TranslatedState.exit), UInt64(truncatingIfNeeded: exit))
    leave(savingFlags: false)
  }

  private mutating func leave(savingFlags: Bool) {
    asm.jump(toDistance: (savingFlags ? context.stubs.exitSavingFlags : context.stubs.exit) - origin)
  }

  // MARK: Helpers

  /// Lets the interpreter execute some instructions, and goes on if they did nothing special.
  mutating func help(_ k: Int, count: Int = 1) {
    storeResidents()
    let (before, after) = (isLiveBefore[k], isLiveAfter[k + count - 1])
    if before { saveFlags() }
    storeVectors()
    vectors = VectorRegisters()
    let resume = asm.makeLabel()
    emitHelp(k, count, before, after, resume)
    asm.place(resume)
    (flagsInHost, flagsSaved) = (false, after)
  }

  func request(_ k: Int, _ count: Int, _ before: Bool, _ after: Bool) -> HelperRequest {
    HelperRequest(block: number, count: count, flagsBefore: before, flagsAfter: after)
  }

  mutating func emitHelp(_ k: Int, _ count: Int, _ before: Bool, _ after: Bool, _ resume: Label) {
    asm.move(Self.t0, instruction(k).place)
    asm.store(.long, .gs(TranslatedState.request), UInt64(request(k, count, before, after).rawValue))
    asm.loadAddress(Self.t1, of: resume)
    asm.jump(toDistance: context.stubs.help - origin)
  }

  /// Out of line: the interpreter executes instruction `k`, where it is not one of the frequent cases.
  mutating func leaveToHelper(from miss: Label, to done: Label, _ k: Int, isReturn: Bool = false) {
    var path = SlowPath(miss: miss, hit: done, resume: done, access: nil, first: k, count: 1, flagsBefore: isLiveBefore[k])
    (path.vectorsBefore, path.vectorsAfter) = (vectors, vectors)
    path.isReturn = isReturn
    slowPaths.append(path)
  }

  /// Out of line: the run loop goes on at T0, if that is an address.
  private mutating func emitReturningSlowly() {
    let nowhere = asm.makeLabel()
    asm.loadAddress(Self.t1, of: nowhere)
    asm.jump(toDistance: context.stubs.exitReturning - origin)
    asm.place(nowhere)
  }

  private mutating func emitSlowPaths() {
    for path in slowPaths {
      asm.place(path.miss)
      emitSecondLookup(path)
      if path.isFloat { emitLoadingControl(path) }
      if path.isReturn { emitReturningSlowly() }
      if let unfit = path.unfit { asm.place(unfit) }
      emitStoring(path.vectorsBefore)
      let last = path.first + path.count - 1
      let after = isLiveAfter[last]
      if path.vectorsAfter.hasControl {
        // The host has its own MXCSR again.
        let resume = asm.makeLabel()
        emitHelp(path.first, path.count, path.flagsBefore, after, resume)
        asm.place(resume)
        emitLeaving(at: instruction(last).next, after ? Exit.withFlags : Exit.plain)
      } else if path.restoresFlags || path.vectorsAfter.loaded != 0 {
        let resume = asm.makeLabel()
        emitHelp(path.first, path.count, path.flagsBefore, after, resume)
        asm.place(resume)
        emitLoading(path.vectorsAfter)
        if path.restoresFlags { emitRestoringFlags(usingT1: true) }
        asm.jump(path.resume)
      } else {
        emitHelp(path.first, path.count, path.flagsBefore, after, path.resume)
      }
    }
  }
}

/// What a translation is made for.
struct TranslationContext {
  let core: Core
  /// The set of translation tables, which is also the privilege.
  let set: Int
  let stubs: TranslationStubs
  /// The number of the first edge of the block.
  let firstEdge: Int
  /// Whether the host has POPCNT, LZCNT, TZCNT and BMI.
  let hasBitCounts: Bool
  let triesNearEntries: Bool
  /// Time passes with instructions.
  let countsInstructions: Bool
  /// What the code was decoded for.
  let mode: UInt64

  /// Whether the guest may use SSE.
  var hasVectors: Bool { mode & Mode.vectors != 0 }
  /// And AVX.
  var hasWideVectors: Bool { mode & Mode.wideVectors != 0 }
  /// 64-bit code; else it is 32-bit code of flat segments.
  var is64Bit: Bool { mode & Mode.long64 != 0 }
  /// The size of what PUSH, CALL and their like put on the stack, and of addresses.
  var word: Width { is64Bit ? .quad : .long }
  /// Where indirect jumps of such code have led.
  var targets: Int { TranslatedState.targets(set, is64Bit: is64Bit) }
}
