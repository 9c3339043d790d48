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
    self[.dataHits] = 0
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
      self[.dataHits] |= 1 << UInt64(number)
      // A repeated string instruction stops after this element.
      raise(.trap)
    }
  }

  /// Runs one instruction, with #DB before it if a breakpoint is there, or after it for the data it touched.
  func stepWatched() throws(Fault) -> Operation {
    guard self[.watching] & Watcher.guest != 0 else { return try step() }
    let start = self[.rip]
    if self[.systemFlags] & Flags.rf == 0 {
      let here = codeLinear(start)
      let hits = (0..<4).filter { number in
        breakpoint(number).map { $0.kind == Kind.execution && $0.count == 1 && $0.address == here } ?? false
      }
      if !hits.isEmpty { throw debug(hits.reduce(0) { $0 | 1 << UInt64($1) }) }
    }
    self[.systemFlags] &= ~Flags.rf
    self[.dataHits] = 0
    let operation = try step()
    // The rest of a repeated instruction is no new one.
    if self[.rip] == start, operation.isString { self[.systemFlags] |= Flags.rf }
    return operation
  }

  /// #DB for the data that the last instruction touched.
  func checkDataHits() throws(Fault) {
    let hits = self[.dataHits]
    guard hits != 0 else { return }
    self[.dataHits] = 0
    throw debug(hits)
  }

  private func debug(_ reasons: UInt64) -> Fault {
    self[.dr6] = self[.dr6] & ~15 | reasons
    return .debug
  }
}

extension Operation {
  var isString: Bool { rawValue >= Operation.moveString.rawValue && rawValue <= Operation.outputString.rawValue }
}
