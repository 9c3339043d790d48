/// The memory of blocks that have not been run often, and most of which never will be again: a system that starts runs a third
/// of its code once. When it is full all go at once; those that were run again have left it for the arena by then.
@safe final class YoungBlocks {
  /// A block that was run so often before is kept when it is looked for again.
  static let grownUp: UInt32 = 2
  static let size = 3 << 20

  private let memory: UnsafeMutableRawPointer
  private var used = 0

  /// - Parameter memory: `size` bytes, which outlive this.
  @unsafe init(_ memory: UnsafeMutableRawPointer) { unsafe self.memory = memory }

  var isEmpty: Bool { used == 0 }

  /// Where the next block may be made; nil if all have to go first.
  @unsafe func room() -> UnsafeMutableRawPointer? {
    guard used + BlockRecord.largest <= Self.size else { return nil }
    return unsafe memory + used
  }

  /// A block was made there.
  @unsafe func add(_ block: UnsafePointer<BlockRecord>) { used += unsafe Int(block.pointee.size) }

  func removeAll() { used = 0 }
}
