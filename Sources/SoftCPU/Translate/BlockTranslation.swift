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
    /// After the lookup.
    var hit: Label
    var resume: Label
    /// Nil where it was no lookup that failed.
    var access: MemoryAccess?
    /// The lookup is for all of a span.
    var isSpan = false
    /// What is in no table is left to the interpreter.
    var asksNobody = false
    var first: Int
    var count: Int
    /// The host has the flags after the instruction.
    var restoresFlags = false
    var flagsBefore = false
    /// A near return to the address in T0, which has no code of the host.
    var isReturn = false
    /// An operand that its instruction cannot have, wherever it is.
    var unfit: Label?
    /// What the host has of the vector registers before, and must have after it all.
    var vectorsBefore = VectorRegisters()
    var vectorsAfter = VectorRegisters()
    /// And of R11 and R15.
    var residentsBefore = Residents()
    var residentsAfter: Residents.Set = []
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
  static let t0 = Register.r11
  static let t1 = Register.r15

  var asm: Assembler
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
  /// What of them the present instruction leaves in place.
  var staying: Residents.Set = []
  var span: Span?
  var slowPaths: [SlowPath] = []
  var loans: [Loan] = []
  /// Where second lookups come back.
  var foundPaths: [(label: Label, path: SlowPath)] = []
  var farJumps: [(label: Label, target: UInt64, isLive: Bool, mustSave: Bool, instructions: Int)] = []
  var edges: [Edge] = []
  var nearEntry = 0
  var pollsAtEntry = false
  var attention: Label?

  /// - Parameter last: a translation that is done: its memory is used again.
  @unsafe init(
    _ block: UnsafePointer<BlockRecord>, _ context: TranslationContext, number: Int, mapping: Int, origin: Int, inMemoryOf last: consuming BlockTranslation?
  ) {
    unsafe self.block = unsafe block
    unsafe first = Instruction(firstOf: UnsafeMutablePointer(mutating: block))
    (self.context, self.number, self.mapping, self.origin) = (context, number, mapping, origin)
    asm = last?.asm ?? Assembler()
    if let last {
      (isLiveAfter, isLiveBefore, edges) = (last.isLiveAfter, last.isLiveBefore, last.edges)
      (slowPaths, loans, foundPaths, farJumps) = (last.slowPaths, last.loans, last.foundPaths, last.farJumps)
    }
    last = nil
    clear()
  }

  private mutating func clear() {
    asm.clear()
    isLiveAfter.removeAll(keepingCapacity: true)
    isLiveBefore.removeAll(keepingCapacity: true)
    edges.removeAll(keepingCapacity: true)
    slowPaths.removeAll(keepingCapacity: true)
    loans.removeAll(keepingCapacity: true)
    foundPaths.removeAll(keepingCapacity: true)
    farJumps.removeAll(keepingCapacity: true)
  }

  var core: Core { context.core }
  var rip: UInt64 { unsafe block.pointee.rip }
  /// Whether the flags before this block matter in it, or after it.
  var needsFlags: Bool { isLiveBefore.first ?? true }

  func instruction(_ k: Int) -> Instruction { unsafe Instruction(record: first.record + k) }

  /// Writes the block's code. False if it is not worth it.
  mutating func translate() -> Bool {
    guard let all = first.countToEnd(atMost: BlockRecord.longest), all > 0 else { return false }
    count = all
    findLiveFlags()
    emitEntries()
    var k = 0
    while k < count {
      k += emit(instruction(k), k)
      endSpan(before: k)
      // What follows is a block of its own.
      if changesTranslations(instruction(k - 1).operation) { count = k }
    }
    // What comes out of line has temporaries.
    staying = []
    storeResidents()
    storeVectors()
    if !Self.neverContinues(instruction(count - 1).operation) {
      // The interpreter counts the end of a block as one more.
      edge(after: count + 1, to: instruction(count).address, from: instruction(count).address, isLiveAfter[count - 1])
    }
    emitFarJumps()
    emitSlowPaths()
    emitLoans()
    emitFound()
    emitEdgeStubs()
    asm.resolve()
    return true
  }

  /// Whether the code behind has another set of translation tables.
  private func changesTranslations(_ operation: Operation) -> Bool {
    (operation == .stac && context.set == 1 || operation == .clac && context.set == 2) && !context.countsInstructions
  }

  private static func neverContinues(_ operation: Operation) -> Bool {
    switch operation {
    case .jump, .jumpNear, .call, .callNear, .ret: true
    default: false
    }
  }
}
