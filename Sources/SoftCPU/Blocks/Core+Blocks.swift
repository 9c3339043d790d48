internal import Processor
internal import Synchronization

extension Core {
  /// The linear address of the next instruction, which must lie in its segment.
  @inline(__always) func nextCodeLinear(_ rip: UInt64) throws(Fault) -> UInt64 {
    if is64Bit { return rip }
    if rip > segmentLimit(.cs) { throw .protection }
    return codeLinear(rip)
  }
  func codeLinear(_ rip: UInt64) -> UInt64 { is64Bit ? rip : (rip &+ segmentBase(.cs)) & 0xFFFF_FFFF }
  func truncateIP(_ rip: UInt64, _ width: UInt8) -> UInt64 { width == 8 ? rip : width == 4 ? rip & 0xFFFF_FFFF : rip & 0xFFFF }

  /// The decoded block at RIP, from the cache or made now.
  @inline(__always) func findBlock() throws(Fault) -> Instruction {
    let rip = self[.rip]
    if let known = knownBlock(rip) ?? youngBlock(rip) { return known }
    return try findBlockSlowly(rip)
  }

  /// Where the first block of a slot is told: of those that are kept, or of the young ones.
  @inline(__always) private func slot(_ rip: UInt64, young: Bool = false) -> Int {
    Self.blocks &+ Int(truncatingIfNeeded: (rip ^ rip >> 16) & 0xFFFF) &* 8 &+ (young ? 4 : 0)
  }

  @inline(__always) private func block(at offset: UInt32) -> UnsafeMutablePointer<BlockRecord>? {
    offset == 0 ? nil : unsafe UnsafeMutablePointer(bitPattern: UInt(self[.arena] &+ UInt64(offset)))
  }
  private func offset(of block: UnsafeMutablePointer<BlockRecord>) -> UInt32 {
    UInt32(truncatingIfNeeded: UInt64(UInt(bitPattern: block)) &- self[.arena])
  }

  /// What a slot has first for an address in this mode; perhaps its translation or its code has changed.
  @inline(__always) private func cached(_ rip: UInt64, young: Bool = false) -> UnsafeMutablePointer<BlockRecord>? {
    guard let block = unsafe block(at: load(slot(rip, young: young))) else { return nil }
    return unsafe block.pointee.rip == rip && block.pointee.mode == self[.mode] ? block : nil
  }

  /// The block at an address, if it was entered in this epoch: its translation still holds.
  @inline(__always) func knownBlock(_ rip: UInt64) -> Instruction? {
    guard let block = unsafe cached(rip) else { return nil }
    return unsafe enter(block)
  }

  /// A young one, likewise, that is to stay among them.
  @inline(__always) private func youngBlock(_ rip: UInt64) -> Instruction? {
    guard let block = unsafe cached(rip, young: true), unsafe block.pointee.heat < YoungBlocks.grownUp else { return nil }
    return unsafe enter(block)
  }

  /// The instructions at an address of the same page as those of a block, if they are decoded, and all in this page.
  @unsafe func decoded(at rip: UInt64, sameAs block: UnsafePointer<BlockRecord>) -> Instruction? {
    guard let known = unsafe cached(rip), unsafe known.pointee.physical >> 12 == block.pointee.physical >> 12,
      unsafe isCurrent(known), unsafe !known.pointee.second.isThere
    else { return nil }
    return unsafe Instruction(firstOf: known)
  }

  /// The first instruction of a block, if its translation and its code are still what they were.
  @inline(__always) private func enter(_ block: UnsafeMutablePointer<BlockRecord>) -> Instruction? {
    guard unsafe block.pointee.epoch == self[.epoch], unsafe isCurrent(block) else { return nil }
    self[.currentBlock] = UInt64(UInt(bitPattern: block))
    return unsafe Instruction(firstOf: block)
  }

  @inline(never) private func findBlockSlowly(_ rip: UInt64) throws(Fault) -> Instruction {
    let physical = try codeAddress(nextCodeLinear(rip))
    if let block = unsafe recall(rip, physical, young: false) ?? recall(rip, physical, young: true) {
      unsafe block.pointee.epoch = self[.epoch]
      if let known = unsafe enter(block) { return known }
    }
    return try buildBlock(rip, physical)
  }

  /// How many blocks of one slot are looked at.
  private static let longestChain = 16

  /// The block that was made of the code at a physical address, for RIP and this mode: the first of its slot from now on.
  /// One whose code has changed since is forgotten, and a young one that has been run again is kept.
  @unsafe private func recall(_ rip: UInt64, _ physical: UInt64, young: Bool) -> UnsafeMutablePointer<BlockRecord>? {
    guard let block = unsafe take(rip, physical, from: slot(rip, young: young)), unsafe isCurrent(block) else { return nil }
    guard young, unsafe block.pointee.heat >= YoungBlocks.grownUp else {
      unsafe put(block, in: slot(rip, young: young))
      return unsafe block
    }
    guard let kept = unsafe roomForBlock() else { return nil }
    unsafe UnsafeMutableRawPointer(kept).copyMemory(from: block, byteCount: Int(block.pointee.size))
    unsafe keep(kept)
    return unsafe kept
  }

  /// Takes a block out of a slot, if it is there.
  @unsafe private func take(_ rip: UInt64, _ physical: UInt64, from slot: Int) -> UnsafeMutablePointer<BlockRecord>? {
    let mode = self[.mode]
    var previous: UnsafeMutablePointer<BlockRecord>?
    var next: UInt32 = load(slot)
    for _ in 0..<Self.longestChain {
      guard let block = unsafe block(at: next) else { break }
      if unsafe block.pointee.rip == rip && block.pointee.physical == physical && block.pointee.mode == mode && leadsToSecondPage(block) {
        if let previous = unsafe previous { unsafe previous.pointee.next = block.pointee.next } else { store(unsafe block.pointee.next, at: slot) }
        return unsafe block
      }
      unsafe (previous, next) = (block, block.pointee.next)
    }
    return nil
  }

  /// A block is the first of a slot from now on.
  @unsafe private func put(_ block: UnsafeMutablePointer<BlockRecord>, in slot: Int) {
    unsafe block.pointee.next = load(slot)
    store(unsafe offset(of: block), at: slot)
  }

  /// Where the next young block may be made.
  @unsafe private func roomAmong(_ young: YoungBlocks) -> UnsafeMutableRawPointer? {
    if let room = unsafe young.room() { return unsafe room }
    forgetYoungBlocks()
    return unsafe young.room()
  }
  func forgetYoungBlocks() {
    guard let young = context.youngBlocks, !young.isEmpty else { return }
    young.removeAll()
    for slot in 0..<65536 { store(0 as UInt32, at: Self.blocks &+ slot &* 8 &+ 4) }
  }

  /// Where the next block that is kept may begin, if there is room as it is.
  @unsafe func freeBlock() -> UnsafeMutablePointer<BlockRecord>? {
    guard self[.arenaNext] &+ UInt64(BlockRecord.largest) <= self[.arenaEnd] else { return nil }
    return unsafe UnsafeMutablePointer(bitPattern: UInt(self[.arenaNext]))
  }

  /// The same; if there is no room, all blocks go.
  @unsafe private func roomForBlock() -> UnsafeMutablePointer<BlockRecord>? {
    if let free = unsafe freeBlock() { return unsafe free }
    context.emptyBlockCache()
    return unsafe freeBlock()
  }

  /// A block at the next place of the arena is the first of its slot from now on.
  @unsafe func keep(_ block: UnsafeMutablePointer<BlockRecord>) {
    unsafe put(block, in: slot(block.pointee.rip))
    self[.arenaNext] = unsafe self[.arenaNext] &+ UInt64(block.pointee.size)
  }

  /// Whether the page behind a block's is still the one that it ends in.
  @unsafe private func leadsToSecondPage(_ block: UnsafePointer<BlockRecord>) -> Bool {
    let second = unsafe block.pointee.second
    return unsafe !second.isThere || (try? codeAddress(pageBehind(block.pointee.rip))) == second.physical
  }
  /// The linear address of the page behind that of RIP.
  func pageBehind(_ rip: UInt64) -> UInt64 {
    let next = codeLinear(rip) & ~0xFFF &+ 4096
    return is64Bit ? next : next & 0xFFFF_FFFF
  }

  /// The block at the target of a jump that led there before, if nothing has changed since and nobody asks for attention.
  @inline(__always) func follow(_ i: Instruction) -> Instruction? {
    guard self[.attention] == 0, let block = unsafe UnsafeMutablePointer<BlockRecord>(bitPattern: UInt(i.successor)) else { return nil }
    return unsafe enter(block)
  }

  /// The block at the target of an indirect jump, likewise.
  @inline(__always) func blockKnown(at rip: UInt64) -> Instruction? {
    self[.attention] == 0 ? knownBlock(rip) : nil
  }

  /// The block at RIP, where `last` has led. A direct branch remembers it as its successor.
  @inline(__always) func findBlock(after last: Instruction?) throws(Fault) -> Instruction {
    let (epoch, end) = (self[.epoch], self[.arenaNext])
    let next = try findBlock()
    // Only blocks that are kept may be linked; in a new epoch the arena may have been reset meanwhile.
    if let last, epoch == self[.epoch], last.place < end, next.place < self[.arenaNext] { link(last) }
    return next
  }

  @inline(__always) private func link(_ last: Instruction) {
    switch last.operation {
    case .jump, .jcc, .jumpIfZero, .jumpUnlessZero, .call, .endOfBlock: last.successor = self[.currentBlock]
    default: break
    }
  }

  @inline(__always) func isCurrent(_ page: Int, _ version: UInt32) -> Bool {
    guard page >= 0 else { return true }
    // Whoever has a core has given it these.
    let marks = unsafe UnsafePointer<UInt8>(bitPattern: UInt(self[.marks])).unsafelyUnwrapped
    let versions = unsafe UnsafePointer<UInt32>(bitPattern: UInt(self[.versions])).unsafelyUnwrapped
    return unsafe marks[page] == 1 && versions[page] == version
  }

  @unsafe @inline(__always) private func isCurrent(_ block: UnsafePointer<BlockRecord>) -> Bool {
    unsafe isCurrent(block.pointee.page, block.pointee.version) && isCurrent(block.pointee.second.page, block.pointee.second.version)
  }

  /// Where the running block begins.
  var placeOfBlock: UInt64? { unsafe UnsafePointer<BlockRecord>(bitPattern: UInt(self[.currentBlock]))?.pointee.rip }

  /// The instruction at RIP, as a block of its own.
  func decodeNext() throws(Fault) -> Instruction {
    let rip = self[.rip]
    return try buildBlock(rip, codeAddress(nextCodeLinear(rip)), longest: 1)
  }

  @inline(never) private func buildBlock(_ rip: UInt64, _ physical: UInt64, longest: Int = BlockRecord.longest) throws(Fault) -> Instruction {
    let young = longest > 1 && context.isTranslating && Mode.isTranslatable(self[.mode]) ? context.youngBlocks : nil
    guard let p = unsafe young.flatMap({ unsafe roomAmong($0) }) ?? UnsafeMutableRawPointer(roomForBlock()) else { preconditionFailure("the block cache has memory") }
    let records = unsafe (p + BlockRecord.headerSize).assumingMemoryBound(to: InstructionRecord.self)
    let (page, version) = context.markCode(physical)
    let counter = longest > 1 ? context.counts?.counter(at: rip, isKernel: cpl != 3) : nil
    if let counter { unsafe records[0] = InstructionRecord(counting: counter, at: rip, is64Bit: is64Bit) }
    let first = counter == nil ? 0 : 1
    var count = first
    var at = rip
    var second = SecondPage.none
    let breakpoints = context.traps.breakpoints
    while count < longest {
      let linearNow = codeLinear(at)
      if count > first && linearNow >> 12 != codeLinear(rip) >> 12 { break }
      let here = physical &+ (at &- rip)
      var decoder = Decoder(self, at: at, physical: here)
      do {
        try decoder.decode(into: &(unsafe records[count]))
      } catch {
        // A fault of a later instruction is raised when it is reached.
        if count == first { throw error }
        break
      }
      if breakpoints.contains(codeLinear(at)) { unsafe records[count].operation = .breakpoint }
      if decoder.crossesPage {
        if count > first { break }
        second.physical = try codeAddress(pageBehind(rip))
        (second.page, second.version) = context.markCode(second.physical)
      }
      guard noteCode(decoder, page, here, second) else {
        if count > first { break }
        continue
      }
      at = unsafe truncateIP(at &+ UInt64(records[count].length), is64Bit ? 8 : self[.mode] & Mode.code32 != 0 ? 4 : 2)
      count += 1
      if unsafe second.isThere || records[count - 1].operation.traits.contains(.endsBlock) { break }
      // What is counted is executed as a whole.
      if unsafe counter != nil && records[count - 1].operation.leavesBlocks { break }
    }
    if counter != nil { context.counts?.note(rip, (first..<count).map { unsafe records[$0].length }) }
    unsafe records[count] = InstructionRecord()
    unsafe records[count].address = at
    unsafe records[count].operation = .endOfBlock
    var block = BlockRecord(rip: rip, mode: self[.mode], epoch: self[.epoch], page: page, version: version, physical: physical)
    block.second = second
    block.size = UInt32(BlockRecord.size(of: count))
    let made = unsafe p.bindMemory(to: BlockRecord.self, capacity: 1)
    unsafe made.initialize(to: block)
    if let young {
      unsafe young.add(made)
      unsafe put(made, in: slot(rip, young: true))
    } else if longest > 1 {
      unsafe keep(made)
    }
    self[.currentBlock] = UInt64(UInt(bitPattern: p))
    return unsafe Instruction(record: records)
  }

  /// An instruction was decoded: who writes to its bytes from now on writes to code. False if somebody just did.
  private func noteCode(_ decoder: Decoder, _ page: Int, _ physical: UInt64, _ second: SecondPage) -> Bool {
    let first = Int(physical & 0xFFF), end = first + decoder.length
    if page >= 0 { context.environment.memory.code.note(page, first..<end) }
    if second.page >= 0 { context.environment.memory.code.note(second.page, 0..<end - 4096) }
    return decoder.isUnchanged(at: physical, second: second.physical)
  }

  /// The code of the running block was overwritten: nothing more of it is executed.
  func stopBlock(inPage page: UInt64) {
    guard let p = unsafe UnsafeMutableRawPointer(bitPattern: UInt(self[.currentBlock])),
      unsafe p.load(as: BlockRecord.self).physical & ~0xFFF == page
    else { return }
    stopBlock()
  }

  /// Nothing more of the running block is executed, nor ever again.
  func stopBlock() {
    guard let p = unsafe UnsafeMutableRawPointer(bitPattern: UInt(self[.currentBlock])) else { return }
    let records = unsafe (p + BlockRecord.headerSize).assumingMemoryBound(to: InstructionRecord.self)
    for n in 0...BlockRecord.longest {
      if unsafe records[n].operation == .endOfBlock { break }
      unsafe records[n].operation = .stopped
    }
  }
}
