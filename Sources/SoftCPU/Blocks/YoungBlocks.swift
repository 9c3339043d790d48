/// Blocks that have not been run often, and most of which never will be again: a system that starts runs a third of its code
/// once. They have a small place of their own, and when that is full all go at once; those that were run again have left it
/// for the arena by then.
@safe final class YoungBlocks {
  /// A block that was run so often before is kept when it is looked for again.
  static let grownUp: UInt32 = 2
  static let size = 3 << 20
  private static let slots = 32768

  private let memory: UnsafeMutableRawPointer
  private var used = 0
  /// The newest block of each slot, where there is one; the older ones follow it.
  private var newest = [UInt64](repeating: 0, count: slots)
  /// How many blocks of one slot are looked at.
  private static let longestChain = 16

  /// - Parameter memory: `size` bytes, which outlive this.
  @unsafe init(_ memory: UnsafeMutableRawPointer) { unsafe self.memory = memory }

  private func slot(_ rip: UInt64) -> Int { Int(truncatingIfNeeded: (rip ^ rip >> 15) & UInt64(Self.slots - 1)) }

  /// Takes the block at an address out, if there is one that `isWanted`. There may be others, of other address spaces.
  @unsafe func take(_ rip: UInt64, where isWanted: (UnsafeMutablePointer<BlockRecord>) -> Bool) -> UnsafeMutablePointer<BlockRecord>? {
    let slot = slot(rip)
    var previous: UnsafeMutablePointer<BlockRecord>?
    var next = newest[slot]
    for _ in 0..<Self.longestChain {
      guard let block = unsafe UnsafeMutablePointer<BlockRecord>(bitPattern: UInt(next)) else { break }
      if unsafe block.pointee.rip == rip && isWanted(block) {
        if let previous = unsafe previous { unsafe previous.pointee.next = block.pointee.next } else { newest[slot] = unsafe block.pointee.next }
        return unsafe block
      }
      unsafe (previous, next) = (block, block.pointee.next)
    }
    return nil
  }

  /// Where the next block may be made.
  @unsafe func room() -> UnsafeMutableRawPointer {
    if used + BlockRecord.largest > Self.size { removeAll() }
    return unsafe memory + used
  }

  /// A block was made there.
  @unsafe func add(_ block: UnsafeMutablePointer<BlockRecord>) {
    used += unsafe Int(block.pointee.size)
    unsafe putBack(block)
  }

  /// A block that was taken out is the newest of its slot from now on.
  @unsafe func putBack(_ block: UnsafeMutablePointer<BlockRecord>) {
    let slot = unsafe slot(block.pointee.rip)
    unsafe block.pointee.next = newest[slot]
    newest[slot] = UInt64(UInt(bitPattern: block))
  }

  func removeAll() {
    used = 0
    for slot in newest.indices { newest[slot] = 0 }
  }
}
