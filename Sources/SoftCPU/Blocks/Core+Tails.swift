internal import Time

/// Loops that choose what to do next, as interpreters of bytecode have them: the code for each thing to do jumps back to one
/// indirect jump. A processor foresees that jump badly, for it has many targets; it foresees many jumps with few targets
/// each well. So a block that jumps to such a choice gets a choice of its own.
extension Core {
  private static let longestTail = 12

  /// The block that is to become code of the host for one that has been run often: a longer one if it jumps to a short block
  /// of the same page that ends with an indirect jump, or else itself. A longer one is found in its place from now on.
  @unsafe func withTail(_ block: UnsafeMutablePointer<BlockRecord>) -> UnsafeMutablePointer<BlockRecord> {
    // Where time passes by the block, it does so by the same blocks in both tiers.
    guard context.environment.clock.counted == nil, unsafe !block.pointee.second.isThere else { return unsafe block }
    let own = unsafe Instruction(firstOf: block)
    guard let count = own.countToEnd(atMost: BlockRecord.longest), count > 0 else { return unsafe block }
    let jump = unsafe Instruction(record: own.record + count - 1)
    guard jump.operation == .jump, jump.immediate >> 12 == jump.address >> 12,
      let tail = unsafe decoded(at: jump.immediate, sameAs: block),
      let tailCount = tail.countToEnd(atMost: min(Self.longestTail, BlockRecord.longest - count)), tailCount > 0,
      unsafe tail.record[tailCount - 1].operation == .jumpNear, let longer = unsafe freeBlock()
    else { return unsafe block }
    unsafe longer.initialize(to: block.pointee)
    unsafe longer.pointee.size = UInt32(BlockRecord.size(of: count + tailCount))
    let records = unsafe Instruction(firstOf: longer).record
    unsafe records.update(from: own.record, count: count)
    unsafe records[count - 1].operation = .nop
    unsafe (records + count).update(from: tail.record, count: tailCount + 1)
    unsafe keep(longer)
    self[.currentBlock] = UInt64(UInt(bitPattern: longer))
    return unsafe longer
  }
}
