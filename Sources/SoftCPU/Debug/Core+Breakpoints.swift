/// The guest's own breakpoints: DR0 to DR3, as DR7 enables them. While there are any, the processor goes instruction by
/// instruction, and watched pages have no translation to be found quickly.
extension Core {
  /// Who watches, as bits of the word `watching`.
  enum Watcher {
    static let debugger: UInt64 = 1
    static let guest: UInt64 = 2
  }

  private enum Kind { static let execution: UInt64 = 0, write: UInt64 = 1, access: UInt64 = 3 }

  /// What one of the four waits for, if it is enabled.
  private func breakpoint(_ number: Int) -> (kind: UInt64, address: UInt64, count: UInt64)? {
    guard self[.dr7] >> UInt64(2 * number) & 3 != 0 else { return nil }
    let settings = self[.dr7] >> UInt64(16 + 4 * number)
    let count: UInt64 = settings >> 2 & 3 == 2 ? 8 : (settings >> 2 & 3) + 1
    return (settings & 3, load(Field.dr0.rawValue + 8 * number, as: UInt64.self) & ~(count - 1), count)
  }

  /// The debug registers changed.
  func watchBreakpoints() {
    let isWatching = (0..<4).contains { breakpoint($0) != nil }
    (self[.debugReasons], self[.trapShadow]) = (0, .max)
    let watching = self[.watching] & ~Watcher.guest | (isWatching ? Watcher.guest : 0)
    if isWatching { flushTranslations() }
    guard watching != self[.watching] else { return }
    self[.watching] = watching
    // Out of the run loop, and into the other.
    raise(.trap)
  }

  /// Whether a page has data that a breakpoint waits for.
  func watches(page address: UInt64) -> Bool {
    (0..<4).contains { number in
      guard let point = breakpoint(number), point.kind & 1 != 0 else { return false }
      return point.address >> 12 == address >> 12
    }
  }

  /// A data access that found no quick translation.
  func noteBreakpoints(_ address: UInt64, _ count: Int, write: Bool) {
    guard self[.inDelivery] == 0 else { return }
    for number in 0..<4 {
      guard let point = breakpoint(number), point.kind == Kind.access || write && point.kind == Kind.write else { continue }
      guard address < point.address &+ point.count, point.address < address &+ UInt64(count) else { continue }
      self[.debugReasons] |= 1 << UInt64(number)
      // A repeated string instruction stops after this element.
      raise(.trap)
    }
  }

  /// The breakpoints for execution at the next instruction, as bits of DR6.
  var executionHits: UInt64 {
    let here = codeLinear(self[.rip])
    return (0..<4).reduce(0) { hits, number in
      guard let point = breakpoint(number), point.kind == Kind.execution, point.count == 1, point.address == here else { return hits }
      return hits | 1 << UInt64(number)
    }
  }
}
