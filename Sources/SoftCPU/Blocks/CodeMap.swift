internal import Synchronization

/// For each byte of RAM whether it is code that some processor has decoded: who writes there changes code, and who writes
/// to data beside it does not.
@safe struct CodeMap: @unchecked Sendable {
  private static let wordsInPage = 4096 / 64
  /// What it takes for a page of RAM.
  static let pageSize = wordsInPage * MemoryLayout<UInt64>.stride

  private let words: UnsafeMutablePointer<Atomic<UInt64>>

  /// - Parameter memory: zeros, `pageSize` for each page.
  @unsafe init(_ memory: UnsafeMutableRawPointer) { unsafe words = memory.assumingMemoryBound(to: Atomic<UInt64>.self) }

  /// Nothing of a page is code.
  func clear(_ page: Int) {
    for k in 0..<Self.wordsInPage { unsafe words[page * Self.wordsInPage + k].store(0, ordering: .relaxed) }
  }

  /// Some bytes of a page are code.
  func note(_ page: Int, _ bytes: Range<Int>) {
    unsafe forEachWord(page, bytes) { word, bits in
      if unsafe word.pointee.load(ordering: .relaxed) & bits != bits { unsafe word.pointee.bitwiseOr(bits, ordering: .sequentiallyConsistent) }
      return true
    }
  }

  func hasCode(_ page: Int, _ bytes: Range<Int>) -> Bool {
    unsafe !forEachWord(page, bytes) { word, bits in unsafe word.pointee.load(ordering: .sequentiallyConsistent) & bits == 0 }
  }

  /// Calls `body` for each word with bits for some of these bytes of a page, until it says false.
  @discardableResult private func forEachWord(_ page: Int, _ bytes: Range<Int>, _ body: (UnsafeMutablePointer<Atomic<UInt64>>, UInt64) -> Bool) -> Bool {
    var at = bytes.lowerBound
    let end = min(bytes.upperBound, 4096)
    while at < end {
      let last = min(end, (at | 63) + 1) - 1
      let bits = UInt64.max << UInt64(at & 63) & UInt64.max >> UInt64(63 - last & 63)
      if unsafe !body(words + page * Self.wordsInPage + at / 64, bits) { return false }
      at = last + 1
    }
    return true
  }
}
