/// Which blocks' instructions lie in each page of RAM, and what version of the page they are of.
struct PagesOfBlocks {
  /// The newest block that begins in a page; it leads to the others, see Block.nextInPage.
  private var beginning: [Int: (newest: Int, version: UInt32)] = [:]
  /// Blocks whose instruction ends in a page, and begins in another one.
  private var ending: [Int: (blocks: [Int], version: UInt32)] = [:]

  /// -1 if there is none.
  func newest(in page: Int) -> Int { beginning[page]?.newest ?? -1 }

  mutating func add(_ block: Int, beginningIn page: Int, _ version: UInt32) { beginning[page] = (block, version) }
  mutating func add(_ block: Int, endingIn page: Int, _ version: UInt32) { ending[page, default: ([], version)].blocks.append(block) }

  /// Nil if there is none.
  mutating func remove(_ page: Int) -> (newest: Int, ending: [Int])? {
    let (first, last) = (beginning.removeValue(forKey: page), ending.removeValue(forKey: page))
    return first == nil && last == nil ? nil : (first?.newest ?? -1, last?.blocks ?? [])
  }

  func stale(isCurrent: (Int, UInt32) -> Bool) -> [Int] {
    beginning.filter { !isCurrent($0.key, $0.value.version) }.map(\.key) + ending.filter { !isCurrent($0.key, $0.value.version) }.map(\.key)
  }

  mutating func removeAll() {
    beginning.removeAll(keepingCapacity: true)
    ending.removeAll(keepingCapacity: true)
  }
}
