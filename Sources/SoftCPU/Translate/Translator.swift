internal import Assembler
internal import CLinux
internal import Processor

/// Host code for the blocks that a processor runs often: the second tier, for code of rings 0 and 3 that is 64-bit, or 32-bit with flat segments.
///
/// **A block's life.** The run loop (Core+Translated) interprets a decoded block until it has been run `threshold` times.
/// Then BlockTranslation makes it host code (or a longer one in its place, see Core.withTail), which is *made* once and never changed but for the distances of its jumps:
/// - *Entered*: from the run loop and from indirect jumps by the far entry, which looks whether this page of code is still
///   mapped here (CodeMappings) and whether somebody asks for attention; from the same page by the near entry. An
///   instruction that lies in two pages is a block of its own, which looks at both.
/// - *Linked*: a jump out of a block first leads to a stub that leaves to the run loop with the edge's number. If the
///   target has code, the jump is made to lead there when it is next run. Each block knows the edges linked to it.
/// - *Helped*: whatever is hard is the interpreter's. An instruction without an emitter, a miss of the soft TLB, a fault,
///   a device, a page's end: helper code stores the guest's registers, Core.help executes exactly this instruction, and
///   the block goes on. Where RIP, mode, mappings or the block itself are not what they were, what is known for RIP goes
///   on, and else the run loop; so it is at a return whose target is not in the table.
/// - *Invalidated*: a page of RAM with code is marked, and no write entry of the soft TLB leads there, so each write to it
///   is a helper's, or a device's, or another processor's. Whoever writes to a byte of code (CodeMap) clears the mark, and
///   `forget(page:)` turns the edges back to their stubs; other processors look at `attention` before they go round in
///   any circle.
/// - *Recycled*: when code memory is full, or the memory map changes, all blocks go at once, the decoded ones too.
///
/// **Why the guest cannot reach the host's memory.** Translated code accesses memory in three ways only. Through GS, at
/// distances that are constants of this program (and an index masked to its table). At `page + offset`, where `page`
/// was read from a line of the soft TLB, which holds addresses of guest RAM and nothing else, and `offset` was compared
/// with the page's size less the operand's; an empty line holds a page that no address of its line has, an empty near
/// entry lets no offset pass. And in a Span at `address + distance`, where the distance is from a page's address to its
/// place, and what was compared is all that the span's instructions access; its base moves by constants only meanwhile.
/// Between the comparison and the access there is no jump target. (Where entries are counted, a block also adds to its counter,
/// whose place is a constant.) Indirect jumps go to places
/// from the table of targets, which only `noteTarget` fills. RSP is the guest's, so nothing here pushes or pops, and
/// signals have a stack of their own.
@safe final class Translator {
  /// A block with host code.
  struct Block {
    let rip: UInt64
    /// The decoded block.
    let record: UInt64
    /// Page of RAM, or -1.
    let page: Int
    let physicalPage: UInt64
    let mapping: Int
    /// Of the second page of an instruction that lies in two.
    let secondMapping: Int?
    let set: Int
    let is64Bit: Bool
    let needsFlags: Bool
    let triesNearEntries: Bool
    /// Where its code is entered, from the start of code memory.
    let farEntry: Int
    let nearEntry: Int
    /// The first of the edges that are linked to it, and the next block of its page; -1 for none.
    var firstEdge = -1
    var nextInPage: Int
    var isDead = false
    /// When somebody last looked whether its near entries are worth it.
    var judged: UInt64 = 0
  }

  /// A way out of a block, and what it is linked to.
  struct Edge {
    let target: UInt64
    let site: Int
    let stub: Int
    let isNear: Bool
    let savesFlags: Bool
    var isLinked = false
    var next = -1
  }

  static let codeSize = 64 << 20
  /// Blocks have at least 64 bytes of code.
  static let mostBlocks = codeSize / 64
  private static let mostEdges = 4 * mostBlocks
  /// How often a block is interpreted before it is worth code.
  static let usualThreshold: UInt32 = 16

  let threshold: UInt32
  private let core: Core
  /// Nothing is mapped before the first hot block.
  private(set) var memory: ExecutableMemory?
  /// Where it runs. Beside it, since nothing is to be counted at each entry.
  private var codeStart: UnsafeMutableRawPointer?
  private var stubs = TranslationStubs.none
  private var start = 0
  private(set) var used = 0
  private var blocks: RecordTable<Block>?
  private var edges: RecordTable<Edge>?
  /// The newest block of each page of RAM with code.
  private var pages: [Int: (first: Int, version: UInt32)] = [:]
  /// Blocks whose instruction ends in another page of RAM, by that.
  private var crossings: [Int: (blocks: [Int], version: UInt32)] = [:]
  private var mappings: [Mapping: Int] = [:]
  private var lastTranslation: BlockTranslation?
  private let countsInstructions: Bool
  private let hasBitCounts = VectorStubs.shared.hasAVX2
  /// Why the last helper did not come back.
  private(set) var fault: Fault?
  /// The host allows no executable memory.
  private(set) var isRefused = false
  private var counts = TranslationTally()
  /// How often the code of a page was overwritten.
  var invalidations: Int { counts.invalidations }
  /// What has been done so far. While the processor runs, not all of it.
  var tally: TranslationTally {
    var tally = counts
    tally.bytes += used
    for exit in Exit.allCases {
      let count = Int(truncatingIfNeeded: core.load(exit.counter, as: UInt64.self))
      if count > 0 { tally.left[exit.reason, default: 0] += count }
    }
    var number = 0
    while let operation = Operation(rawValue: number) {
      let count = Int(truncatingIfNeeded: core.load(TranslatedState.helped + number * 8, as: UInt64.self))
      if count > 0 { tally.helped["\(operation)"] = count }
      number += 1
    }
    return tally
  }

  /// Where the blocks' code is, also of blocks that nothing leads to any more, and first what stands before all of them.
  var places: [CodePlace] {
    guard let memory, let blocks else { return [] }
    let origin = UInt64(UInt(bitPattern: unsafe memory.start))
    func place(_ first: Int, _ end: Int, _ guest: UInt64?) -> CodePlace {
      CodePlace(host: origin + UInt64(first)..<origin + UInt64(end), guest: guest)
    }
    return [place(0, start, nil)]
      + (0..<blocks.count).map { number in
        place(blocks[number].farEntry, number + 1 < blocks.count ? blocks[number + 1].farEntry : used, blocks[number].rip)
      }
  }

  private struct Mapping: Hashable {
    let page: UInt64
    let physical: UInt64
    let mode: UInt64
  }

  /// - Parameter countsInstructions: time passes with instructions, see Core.run(counting:with:).
  init(_ core: Core, threshold: UInt32 = usualThreshold, countsInstructions: Bool = false) {
    (self.core, self.threshold, self.countsInstructions) = (core, threshold, countsInstructions)
  }

  deinit {
    blocks?.unmap()
    edges?.unmap()
  }

  /// Code memory, with what stands at its beginning.
  private func prepare() -> ExecutableMemory? {
    if let memory { return memory }
    guard !isRefused, let memory = ExecutableMemory(size: Self.codeSize), let blocks = RecordTable<Block>(capacity: Self.mostBlocks),
      let edges = RecordTable<Edge>(capacity: Self.mostEdges)
    else {
      isRefused = true
      return nil
    }
    var asm = Assembler()
    stubs = TranslationStubs(&asm, core: UInt64(UInt(bitPattern: unsafe core.base)))
    guard memory.write(asm.words, count: asm.position, at: 0) else { return nil }
    unsafe codeStart = memory.start
    (self.memory, self.blocks, self.edges) = (memory, blocks, edges)
    core.store(UInt64(UInt(bitPattern: unsafe blocks.base)), at: TranslatedState.blockTable)
    (start, used) = (asm.position, asm.position)
    let helper: @convention(c) (UnsafeMutableRawPointer, UnsafeMutableRawPointer) -> UInt64 = unsafe core.context.lockstep == nil ? translationHelper : lockstepHelper
    let finder: @convention(c) (UnsafeMutableRawPointer, UInt64, UInt64, UInt64, UInt64) -> UInt64 = unsafe translationFinder
    let clock: @convention(c) (UnsafeMutableRawPointer) -> UInt64 = unsafe translationClock
    let targetFinder: @convention(c) (UnsafeMutableRawPointer) -> UInt64 = unsafe translationTarget
    core.store(unsafe unsafeBitCast(helper, to: UInt.self), at: TranslatedState.helper)
    core.store(unsafe unsafeBitCast(finder, to: UInt.self), at: TranslatedState.finder)
    core.store(unsafe unsafeBitCast(clock, to: UInt.self), at: TranslatedState.clock)
    core.store(unsafe unsafeBitCast(targetFinder, to: UInt.self), at: TranslatedState.targetFinder)
    for table in stride(from: TranslatedState.targets, to: TranslatedState.size, by: TranslatedState.targetTable) { forgetTarget(table) }
    forgetEdge()
    return memory
  }

  // MARK: Blocks

  /// The number of a block's code, made now; nil if it has none.
  ///
  /// - Parameter triesNearEntries: most of its accesses are thought to be near the last one by the same register, and those
  ///   that follow each other in one page.
  @unsafe func translate(_ block: UnsafeMutablePointer<BlockRecord>, triesNearEntries: Bool) -> Int? {
    guard let memory = prepare(), let blocks, let edges else { return nil }
    let record = unsafe block.pointee
    guard Mode.isTranslatable(record.mode), record.page >= 0 else { return nil }
    let set = Int(record.mode >> Mode.translationsShift & 3)
    guard set < SoftTLB.sets else { return nil }
    let second = record.second
    guard !second.isThere || second.page >= 0, mappings.count < TranslatedState.mappingCount - 2, blocks.count < Self.mostBlocks,
      edges.count < Self.mostEdges - 2 * BlockRecord.longest - 2, used < Self.codeSize - 65536
    else {
      if !second.isThere || second.page >= 0 { core.context.emptyBlockCache() }
      return nil
    }
    let mapping = mapping(of: record.rip, record.physical, record.mode)
    let secondMapping = second.isThere ? self.mapping(of: core.pageBehind(record.rip), second.physical, record.mode) : nil
    let context = TranslationContext(
      core: core, set: set, stubs: stubs, secondMapping: secondMapping, firstEdge: edges.count, hasBitCounts: hasBitCounts,
      triesNearEntries: triesNearEntries, countsInstructions: countsInstructions, mode: record.mode)
    let number = blocks.count
    var translation = unsafe BlockTranslation(block, context, number: number, mapping: mapping, origin: used, inMemoryOf: lastTranslation.take())
    defer { lastTranslation = translation }
    guard translation.translate(), memory.write(translation.asm.words, count: translation.asm.position, at: used) else { return nil }
    for edge in translation.edges {
      self.edges?.append(
        Edge(target: edge.target, site: used + edge.site, stub: used + edge.stub, isNear: edge.isNear, savesFlags: edge.flags != .nowhere))
    }
    let known = pages[record.page]
    self.blocks?.append(
      Block(
        rip: record.rip, record: UInt64(UInt(bitPattern: block)), page: record.page, physicalPage: record.physical >> 12, mapping: mapping,
        secondMapping: secondMapping, set: set, is64Bit: context.is64Bit, needsFlags: translation.needsFlags, triesNearEntries: triesNearEntries, farEntry: used, nearEntry: used + translation.nearEntry, nextInPage: known?.first ?? -1))
    pages[record.page] = (number, record.version)
    if second.isThere { crossings[second.page, default: ([], second.version)].blocks.append(number) }
    core.store(TranslatedState.usualPatience, at: TranslatedState.patience + number * 4)
    used = (used + translation.asm.position + 15) & ~15
    counts.blocks += 1
    return number
  }

  /// The number of a mapping of a page of code, which holds when the run loop has entered a block there.
  private func mapping(of rip: UInt64, _ physical: UInt64, _ mode: UInt64) -> Int {
    let key = Mapping(page: rip >> 12, physical: physical >> 12, mode: mode)
    if let known = mappings[key] { return known }
    let number = mappings.count
    mappings[key] = number
    core.store(rip & ~0xFFF, at: TranslatedState.mappingPages + number * 8)
    return number
  }

  /// Runs a block, and those it leads to. An edge that the last was left by is linked when it is next run.
  @inline(__always) func run(_ number: Int) throws(Fault) {
    guard let blocks else { return }
    let block = blocks[number]
    let edge: Int32 = core.load(TranslatedState.edge)
    if edge >= 0 { link(Int(edge), to: number) } else { noteTarget(block) }
    try enter(block)
  }

  /// Runs a block that knows no other; tells whether somebody may read the flags behind it, or nil if it was not left by
  /// an edge.
  func runAlone(_ number: Int) throws(Fault) -> Bool? {
    guard let blocks else { return nil }
    try enter(blocks[number])
    let exit: Int32 = core.load(TranslatedState.exit)
    return exit < 0 ? nil : edges?[Int(exit)].savesFlags
  }

  @inline(__always) private func enter(_ block: Block) throws(Fault) {
    guard let codeStart = unsafe codeStart else { return }
    hold(block)
    counts.entries &+= 1
    if block.needsFlags { core.giveFlags() }
    typealias Entry = @convention(c) (UInt) -> Void
    unsafe unsafeBitCast(codeStart + stubs.enter, to: Entry.self)(UInt(bitPattern: codeStart + block.farEntry))
    try takeExit()
  }

  @inline(__always) private func takeExit() throws(Fault) {
    let exit: Int32 = core.load(TranslatedState.exit)
    core.store(exit, at: TranslatedState.edge)
    guard exit < 0 else {
      guard let edge = edges?[Int(exit)] else { return }
      core[.rip] = edge.target
      if edge.savesFlags { core.takeFlags() }
      return
    }
    guard let why = Exit(rawValue: exit) else { return }
    core.store(core.load(why.counter, as: UInt64.self) &+ 1, at: why.counter)
    if why.hasFlags { core.takeFlags() }
    if why == .fault, let fault {
      self.fault = nil
      throw fault
    }
  }

  /// A helper's instruction faulted.
  func leave(with fault: Fault) { self.fault = fault }

  /// What the run loop does next has nothing to do with how code was left.
  @inline(__always) func forgetEdge() { core.store(-1 as Int32, at: TranslatedState.edge) }

  /// An edge leads to a block from now on, without the run loop.
  private func link(_ edge: Int, to number: Int) {
    guard let blocks, let edges, !edges[edge].isLinked, !blocks[number].isDead else { return }
    edges[edge].isLinked = true
    edges[edge].next = blocks[number].firstEdge
    blocks[number].firstEdge = edge
    redirect(edges[edge].site, to: edges[edge].isNear ? blocks[number].nearEntry : blocks[number].farEntry)
  }

  private func redirect(_ site: Int, to target: Int) {
    memory?.write32(Int32(truncatingIfNeeded: target &- (site + 4)), at: site)
  }

  /// An indirect jump that comes to RIP may find this block.
  private func noteTarget(_ block: Block) {
    guard let codeStart = unsafe codeStart else { return }
    let line = targetLine(block)
    core.store(block.rip, at: line)
    core.store(unsafe UInt64(UInt(bitPattern: codeStart + block.farEntry)), at: line + 8)
  }

  /// Where the code of a block is entered, which has just been found at RIP; nil if there is none.
  func place(of number: Int) -> UInt64? {
    guard number >= 0, let codeStart = unsafe codeStart, let blocks, !blocks[number].isDead else { return nil }
    hold(blocks[number])
    noteTarget(blocks[number])
    return unsafe UInt64(UInt(bitPattern: codeStart + blocks[number].farEntry))
  }

  /// The run loop has just seen that a block's pages are where they were.
  @inline(__always) private func hold(_ block: Block) {
    core.holdMapping(block.mapping)
    if let second = block.secondMapping { core.holdMapping(second) }
  }

  private func targetLine(_ block: Block) -> Int {
    TranslatedState.target(block.rip, block.set, is64Bit: block.is64Bit)
  }

  func isDead(_ number: Int) -> Bool { blocks?[number].isDead ?? true }

  /// A near entry must earn its place, and so must a span. A block whose accesses missed theirs again and again within a
  /// short time is made anew without: so it is with pointers that are followed, and with tables that are read at random.
  func judge(_ number: Int, at now: UInt64) {
    guard let blocks, !blocks[number].isDead, blocks[number].triesNearEntries else { return }
    if now &- blocks[number].judged < Self.shortTime {
      retire(number)
    } else {
      core.store(TranslatedState.usualPatience, at: TranslatedState.patience + number * 4)
      blocks[number].judged = now
    }
  }
  /// Sixty nanoseconds a miss.
  private static let shortTime = UInt64(TranslatedState.usualPatience) * 60

  // MARK: The end of blocks

  /// The code of a page was overwritten: nothing leads to its blocks any more.
  func forget(page: Int) {
    let (known, crossing) = (pages.removeValue(forKey: page), crossings.removeValue(forKey: page))
    guard let blocks, known != nil || crossing != nil else { return }
    var number = known?.first ?? -1
    while number >= 0 {
      retire(number)
      number = blocks[number].nextInPage
    }
    for number in crossing?.blocks ?? [] { retire(number) }
    counts.invalidations += 1
  }

  /// Somebody else may have overwritten code: looks at all pages.
  func forgetStalePages() {
    for (page, known) in pages where !core.isCurrent(page, known.version) { forget(page: page) }
    for (page, known) in crossings where !core.isCurrent(page, known.version) { forget(page: page) }
  }

  private func retire(_ number: Int) {
    guard let blocks, let edges else { return }
    blocks[number].isDead = true
    var edge = blocks[number].firstEdge
    while edge >= 0 {
      redirect(edges[edge].site, to: edges[edge].stub)
      edges[edge].isLinked = false
      edge = edges[edge].next
    }
    blocks[number].firstEdge = -1
    let line = targetLine(blocks[number])
    if core.load(line, as: UInt64.self) == blocks[number].rip { forgetTarget(line) }
  }

  /// All code memory is free again. Decoded blocks must be forgotten too.
  func recycle() {
    guard memory != nil else { return }
    forgetEdge()
    blocks?.removeAll()
    edges?.removeAll()
    pages.removeAll(keepingCapacity: true)
    crossings.removeAll(keepingCapacity: true)
    mappings.removeAll(keepingCapacity: true)
    core.dropMappings()
    forgetTargets()
    counts.recycled += 1
    counts.bytes += used
    used = start
  }

  private func forgetTargets() {
    for line in stride(from: TranslatedState.targets, to: TranslatedState.size, by: 16) { forgetTarget(line) }
  }

  /// An empty line holds an address that has another line: 1 is the second, 0 the first.
  private func forgetTarget(_ line: Int) {
    core.store((line - TranslatedState.targets) / 16 % TranslatedState.targetLines == 0 ? 1 : 0 as UInt64, at: line)
  }
}
