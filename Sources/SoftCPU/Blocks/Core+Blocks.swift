internal import Processor
internal import Synchronization

/// The head of a cached block; its instructions follow.
struct BlockRecord {
  var rip: UInt64
  var physical: UInt64
  var mode: UInt64
  /// The epoch in which RIP was last seen to lead to this physical address.
  var epoch: UInt64
  /// RAM page of the code, or -1 for code that cannot change.
  var page: Int
  var version: UInt32
  /// How often it was run before it had code of the host.
  var heat: UInt32 = 0
  /// The number of its code in the translator, or -1.
  var code: Int32 = -1
  /// In bytes, with its instructions.
  var size: UInt32 = 0
  /// The next block of the same slot of the cache; zero for none.
  var next: UInt64 = 0
  /// Where its only instruction goes on, if that lies in two pages.
  var second: SecondPage = .none
  static let headerSize = MemoryLayout<BlockRecord>.stride
  static let longest = 64
  static let largest = size(of: longest)

  static func size(of instructions: Int) -> Int { headerSize + (instructions + 1) * MemoryLayout<InstructionRecord>.stride }
}

/// The other page of an instruction that lies in two.
struct SecondPage {
  var physical: UInt64
  var page: Int
  var version: UInt32
  static let none = SecondPage(physical: .max, page: -1, version: 0)
  var isThere: Bool { physical != .max }
}

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
    if let known = knownBlock(rip) { return known }
    return try findBlockSlowly(rip)
  }

  @inline(__always) private func slot(_ rip: UInt64) -> Int { Self.blocks &+ Int(truncatingIfNeeded: (rip ^ rip >> 16) & 0xFFFF) &* 8 }

  @inline(__always) private func block(at place: UInt64) -> UnsafeMutablePointer<BlockRecord>? {
    unsafe UnsafeMutablePointer(bitPattern: UInt(place))
  }

  /// What the cache has first for an address in this mode; perhaps its translation or its code has changed.
  @inline(__always) private func cached(_ rip: UInt64) -> UnsafeMutablePointer<BlockRecord>? {
    guard let block = unsafe block(at: load(slot(rip))) else { return nil }
    return unsafe block.pointee.rip == rip && block.pointee.mode == self[.mode] ? block : nil
  }

  /// The block at an address, if it was entered in this epoch: its translation still holds.
  @inline(__always) func knownBlock(_ rip: UInt64) -> Instruction? {
    guard let block = unsafe cached(rip) else { return nil }
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
    if let block = unsafe recall(rip, physical) {
      unsafe block.pointee.epoch = self[.epoch]
      if let known = unsafe enter(block) { return known }
    }
    if let known = recallYoung(rip, physical) { return known }
    return try buildBlock(rip, physical)
  }

  /// How many blocks of one slot are looked at.
  private static let longestChain = 16

  /// The block that was made of the code at a physical address, for RIP and this mode: the first of its slot from now on.
  /// One whose code has changed since is forgotten.
  @unsafe private func recall(_ rip: UInt64, _ physical: UInt64) -> UnsafeMutablePointer<BlockRecord>? {
    let mode = self[.mode]
    var previous: UnsafeMutablePointer<BlockRecord>?
    var next = unsafe block(at: load(slot(rip)))
    for _ in 0..<Self.longestChain {
      guard let block = unsafe next else { break }
      if unsafe block.pointee.rip == rip && block.pointee.physical == physical && block.pointee.mode == mode && leadsToSecondPage(block) {
        // Out of the chain, and before all others if it is still good.
        if let previous = unsafe previous { unsafe previous.pointee.next = block.pointee.next } else { store(unsafe block.pointee.next, at: slot(rip)) }
        guard unsafe isCurrent(block) else { return nil }
        unsafe block.pointee.next = load(slot(rip))
        store(UInt64(UInt(bitPattern: block)), at: slot(rip))
        return unsafe block
      }
      unsafe (previous, next) = (block, self.block(at: block.pointee.next))
    }
    return nil
  }

  /// The same among the young blocks, of which one that is run again moves to the others.
  private func recallYoung(_ rip: UInt64, _ physical: UInt64) -> Instruction? {
    let mode = self[.mode]
    guard let young = context.youngBlocks,
      let block = unsafe young.take(rip, where: { unsafe $0.pointee.physical == physical && $0.pointee.mode == mode && leadsToSecondPage($0) }),
      unsafe isCurrent(block)
    else { return nil }
    unsafe block.pointee.epoch = self[.epoch]
    guard unsafe block.pointee.heat >= YoungBlocks.grownUp else {
      unsafe young.putBack(block)
      return unsafe enter(block)
    }
    guard let kept = unsafe UnsafeMutablePointer<BlockRecord>(bitPattern: UInt(arenaRoom())) else { return nil }
    unsafe UnsafeMutableRawPointer(kept).copyMemory(from: block, byteCount: Int(block.pointee.size))
    // Room may have been made, which begins an epoch.
    unsafe kept.pointee.epoch = self[.epoch]
    unsafe keep(kept)
    return unsafe enter(kept)
  }

  /// Where the next block that is kept may begin.
  private func arenaRoom() -> UInt64 {
    if self[.arenaNext] &+ UInt64(BlockRecord.largest) > self[.arenaEnd] { context.emptyBlockCache() }
    return self[.arenaNext]
  }

  /// The same if there is room as it is.
  @unsafe func freeBlock() -> UnsafeMutablePointer<BlockRecord>? {
    guard self[.arenaNext] &+ UInt64(BlockRecord.largest) <= self[.arenaEnd] else { return nil }
    return unsafe block(at: self[.arenaNext])
  }

  /// A block at the next place of the arena is the first of its slot from now on.
  @unsafe func keep(_ block: UnsafeMutablePointer<BlockRecord>) {
    let slot = unsafe slot(block.pointee.rip)
    unsafe block.pointee.next = load(slot)
    store(UInt64(UInt(bitPattern: block)), at: slot)
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
  var placeOfBlock: UInt64? { unsafe block(at: self[.currentBlock])?.pointee.rip }

  /// The instruction at RIP, as a block of its own.
  func decodeNext() throws(Fault) -> Instruction {
    let rip = self[.rip]
    return try buildBlock(rip, codeAddress(nextCodeLinear(rip)), longest: 1)
  }

  @inline(never) private func buildBlock(_ rip: UInt64, _ physical: UInt64, longest: Int = BlockRecord.longest) throws(Fault) -> Instruction {
    let young = longest > 1 && context.isTranslating && Mode.isTranslatable(self[.mode]) ? context.youngBlocks : nil
    guard let p = unsafe young?.room() ?? UnsafeMutableRawPointer(bitPattern: UInt(arenaRoom())) else { preconditionFailure("the block cache has memory") }
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
    var block = BlockRecord(rip: rip, physical: physical, mode: self[.mode], epoch: self[.epoch], page: page, version: version)
    block.second = second
    block.size = UInt32(BlockRecord.size(of: count))
    let made = unsafe p.bindMemory(to: BlockRecord.self, capacity: 1)
    unsafe made.initialize(to: block)
    if let young { unsafe young.add(made) } else if longest > 1 { unsafe keep(made) }
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
