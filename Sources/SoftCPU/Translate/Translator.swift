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
/// **Why the guest cannot reach the host's memory.** Translated code accesses memory in two ways only. Through GS, at
/// distances that are constants of this program (and an index masked to its table). And at `address + distance`, where the
/// distance leads from a page's address to its place in guest RAM, and was read from a line of the soft TLB, or a near
/// entry, which have nothing else; and where `address` less that page was compared with the page's size less the
/// operand's. An empty line holds a page that no address of its line has, an empty near entry lets no offset pass. In a
/// Span what was compared is all that its instructions access; its base moves by constants only meanwhile.
/// Between the comparison and the access there is no jump target. (Where entries are counted, a block also adds to its
/// counter, whose place is a constant.) Indirect jumps go to places from the table of targets, which only
/// `Core.noteTarget` fills. RSP is the guest's, so nothing here pushes or pops, and signals have a stack of their own.
@safe final class Translator {
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
  private var pages = PagesOfBlocks()
  private var mappings: [Mapping: Int] = [:]
  private var lastTranslation: BlockTranslation?
  private let countsInstructions: Bool
  private let hasBitCounts = VectorStubs.shared.hasAVX2
  private let lendsX87 = VectorStubs.shared.hasXSAVE
  /// Why the last helper did not come back.
  private(set) var fault: Fault?
  /// The host allows no executable memory.
  private(set) var isRefused = false
  private var counts = TranslationTally()
  /// How often the code of a page was overwritten.
  var invalidations: Int { counts.invalidations }
  /// How often nothing led to a block any more, since its accesses were not near each other.
  var scattered: Int { counts.scattered }
  /// What has been done so far. While the processor runs, not all of it.
  var tally: TranslationTally {
    var tally = counts
    tally.bytes += used
    tally.addCounters(of: core)
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
    core.noteHostFunctions()
    core.prepareTargets()
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
      lendsX87: lendsX87, triesNearEntries: triesNearEntries, countsInstructions: countsInstructions, mode: record.mode)
    let number = blocks.count
    var translation = unsafe BlockTranslation(block, context, number: number, mapping: mapping, origin: used, inMemoryOf: lastTranslation.take())
    defer { lastTranslation = translation }
    guard translation.translate(), memory.write(translation.asm.words, count: translation.asm.position, at: used) else { return nil }
    for edge in translation.edges {
      self.edges?.append(
        Edge(target: edge.target, site: used + edge.site, stub: used + edge.stub, isNear: edge.isNear, savesFlags: edge.flags != .nowhere))
    }
    self.blocks?.append(
      Block(
        rip: record.rip, record: UInt64(UInt(bitPattern: block)), page: record.page, physicalPage: record.physical >> 12, mapping: mapping,
        secondMapping: secondMapping, set: set, is64Bit: context.is64Bit, needsFlags: translation.needsFlags, triesNearEntries: triesNearEntries, farEntry: used, nearEntry: used + translation.nearEntry, nextInPage: pages.newest(in: record.page)))
    pages.add(number, beginningIn: record.page, record.version)
    if second.isThere { pages.add(number, endingIn: second.page, second.version) }
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
    if edge >= 0 { link(Int(edge), to: number) } else if let place = place(of: block) { core.noteTarget(block, place) }
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

  /// Where the code of a block is entered, which has just been found at RIP; nil if there is none.
  func place(of number: Int) -> UInt64? {
    guard number >= 0, let blocks, !blocks[number].isDead, let place = place(of: blocks[number]) else { return nil }
    hold(blocks[number])
    core.noteTarget(blocks[number], place)
    return place
  }

  private func place(of block: Block) -> UInt64? {
    guard let codeStart = unsafe codeStart else { return nil }
    return unsafe UInt64(UInt(bitPattern: codeStart + block.farEntry))
  }

  /// The run loop has just seen that a block's pages are where they were.
  @inline(__always) private func hold(_ block: Block) {
    core.holdMapping(block.mapping)
    if let second = block.secondMapping { core.holdMapping(second) }
  }

  func isDead(_ number: Int) -> Bool { blocks?[number].isDead ?? true }

  /// A near entry must earn its place, and so must a span. A block whose accesses missed theirs again and again within a
  /// short time is made anew without: so it is with pointers that are followed, and with tables that are read at random.
  func judge(_ number: Int, at now: UInt64) {
    guard let blocks, !blocks[number].isDead, blocks[number].triesNearEntries else { return }
    if now &- blocks[number].judged < Self.shortTime {
      retire(number)
      counts.scattered += 1
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
    guard let blocks, let known = pages.remove(page) else { return }
    var number = known.newest
    while number >= 0 {
      retire(number)
      number = blocks[number].nextInPage
    }
    for number in known.ending { retire(number) }
    counts.invalidations += 1
  }

  /// Somebody else may have overwritten code: looks at all pages.
  func forgetStalePages() {
    for page in pages.stale(isCurrent: core.isCurrent) { forget(page: page) }
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
    core.forgetTarget(blocks[number])
  }

  /// All code memory is free again. Decoded blocks must be forgotten too.
  func recycle() {
    guard memory != nil else { return }
    forgetEdge()
    blocks?.removeAll()
    edges?.removeAll()
    pages.removeAll()
    mappings.removeAll(keepingCapacity: true)
    core.dropMappings()
    core.forgetTargets()
    counts.recycled += 1
    counts.bytes += used
    used = start
  }
}
