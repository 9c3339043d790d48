extension Translator {
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
}
