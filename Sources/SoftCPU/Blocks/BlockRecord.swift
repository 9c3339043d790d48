/// The head of a cached block; its instructions follow. What is looked at each time comes first, in one line of the host's cache.
struct BlockRecord {
  var rip: UInt64
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
  /// Where its only instruction goes on, if that lies in two pages.
  var second: SecondPage = .none
  var physical: UInt64
  /// The next block of the same slot; zero for none.
  var next: UInt32 = 0
  static let headerSize = MemoryLayout<BlockRecord>.stride
  static let longest = 64
  static let largest = size(of: longest)

  static func size(of instructions: Int) -> Int { (headerSize + (instructions + 1) * MemoryLayout<InstructionRecord>.stride + 63) & ~63 }
}

/// The other page of an instruction that lies in two.
struct SecondPage {
  var page: Int
  var version: UInt32
  var physical: UInt64
  static let none = SecondPage(page: -1, version: 0, physical: .max)
  var isThere: Bool { physical != .max }
}
