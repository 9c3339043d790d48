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
  /// Where the newest block of each address is, by the address's low bits.
  private var places = [UInt32](repeating: nowhere, count: slots)
  private static let nowhere = UInt32.max

  /// - Parameter memory: `size` bytes, which outlive this.
  @unsafe init(_ memory: UnsafeMutableRawPointer) { unsafe self.memory = memory }

  private func slot(_ rip: UInt64) -> Int { Int(truncatingIfNeeded: (rip ^ rip >> 15) & UInt64(Self.slots - 1)) }

  @unsafe func block(at rip: UInt64) -> UnsafeMutablePointer<BlockRecord>? {
    let place = places[slot(rip)]
    guard place != Self.nowhere else { return nil }
    let block = unsafe (memory + Int(place)).assumingMemoryBound(to: BlockRecord.self)
    return unsafe block.pointee.rip == rip ? block : nil
  }

  /// Where the next block may be made.
  @unsafe func room() -> UnsafeMutableRawPointer {
    if used + BlockRecord.largest > Self.size { removeAll() }
    return unsafe memory + used
  }

  /// A block was made there.
  @unsafe func add(_ block: UnsafePointer<BlockRecord>) {
    unsafe places[slot(block.pointee.rip)] = UInt32(used)
    used += unsafe Int(block.pointee.size)
  }

  @unsafe func forget(_ block: UnsafePointer<BlockRecord>) { unsafe places[slot(block.pointee.rip)] = Self.nowhere }

  func removeAll() {
    used = 0
    for k in places.indices { places[k] = Self.nowhere }
  }
}
