/// Where translations of linear addresses lie in a core's block.
///
/// There is a set of three tables for each privilege: user, supervisor under SMAP, supervisor free to reach user pages.
/// A line has a page's linear address, and how far from that its place on the host is; in the execute table, its physical
/// address. A bit for each line, beside the tables, tells that it is in use, so that a flush clears only such lines.
enum SoftTLB {
  enum Use: Int { case read, write, execute }

  static let sets = 3
  static let lines = 4096
  /// What of `address >> 8` is a line's place in its table.
  static let lineMask: UInt64 = UInt64(lines - 1) << 4
  static let tableSize = lines * 16
  private static let tableCount = sets * 3

  static func table(_ set: Int, _ use: Use) -> Int { Core.translations + (set * 3 + use.rawValue) * tableSize }

  /// A table whose lines never match. User code with alignment checks (AC) uses it, so that each of its accesses takes the
  /// slow path and is checked. In the mode word that code has the number of a further set, and it is never translated.
  static let checked = Core.translations + tableCount * tableSize

  /// A bit for each line of all tables, in words of 64.
  fileprivate static let words = tableCount * lines / 64
  /// The bits of lines that a change of CR3 clears, and those of lines for global pages.
  fileprivate static let localLines = 0x4000, globalLines = localLines + words * 8

  /// Near entries: for each set and use, and each register that addresses begin with, the page that was last reached
  /// through it. Only translated code uses them: first addresses, then places on the host, then how far these are from
  /// those, then for each of the operand sizes in `nearSizes` at how many bytes from the address on such operands may begin
  /// (none in an empty entry).
  static let nearPages = 0x1000, nearHosts = nearPages + nearSize, nearDistances = nearHosts + nearSize
  fileprivate static let nearLimits = nearDistances + nearSize
  /// The sixteen registers, FS and GS.
  static let nearEntries = 18
  static let nearSizes = [4, 8, 64, 128]
  fileprivate static let nearSize = sets * 2 * nearEntries * 8

  /// How far a near entry is from the beginning of its array.
  static func near(_ set: Int, _ use: Use, _ register: Int) -> Int { ((set * 2 + use.rawValue) * nearEntries + register) * 8 }

  /// Where the limits are for operands of a size, or a little smaller ones.
  static func nearLimits(for size: Int) -> Int { nearLimits + (nearSizes.firstIndex { size <= $0 } ?? nearSizes.count - 1) * nearSize }
}

extension Core {
  /// Forgets every translation.
  func flushTranslations() {
    context.closeWays()
    self[.epoch] &+= 1
    clearLines(SoftTLB.localLines)
    clearLines(SoftTLB.globalLines)
    clearNearEntries()
    dropMappings()
    (self[.largeFirst], self[.largeLast]) = (.max, 0)
  }

  /// Forgets every translation but those of global pages: what a new CR3 does.
  func flushLocalTranslations() {
    context.closeWays()
    self[.epoch] &+= 1
    clearLines(SoftTLB.localLines)
    clearNearEntries()
    dropLocalMappings()
  }

  /// Forgets the page of one address; if that may be a large one, every translation.
  func flushTranslation(of address: UInt64) {
    if address >= self[.largeFirst], address <= self[.largeLast] { return flushTranslations() }
    context.closeWays()
    self[.epoch] &+= 1
    let line = Int(truncatingIfNeeded: address >> 12) & (SoftTLB.lines - 1)
    for number in stride(from: line, to: SoftTLB.words * 64, by: SoftTLB.lines) {
      if load(Self.translations &+ number &* 16, as: UInt64.self) == address & ~0xFFF { forgetLine(number) }
    }
    clearNearEntries()
    dropMappings(of: address & ~0xFFF)
  }

  /// Forgets how some pages of RAM are written, since they hold code now and writes there must be seen. Which of them
  /// could be written until now.
  @discardableResult func forgetWays(_ holdsCode: (Int) -> Bool) -> [Int] {
    let ram = self[.ramHost] &- self[.ramOffset]
    var found: [Int] = []
    func forgets(_ host: UInt64) -> Bool {
      let page = Int(truncatingIfNeeded: (host &- ram) >> 12)
      guard holdsCode(page) else { return false }
      if !found.contains(page) { found.append(page) }
      return true
    }
    for set in 0..<SoftTLB.sets {
      let first = (SoftTLB.table(set, .write) - Self.translations) / 16
      for lines in [SoftTLB.localLines, SoftTLB.globalLines] {
        for word in first / 64..<(first + SoftTLB.lines) / 64 {
          forEachBit(load(lines + word * 8)) { bit in
            let number = word * 64 + bit
            let line = Self.translations + number * 16
            if forgets(load(line, as: UInt64.self) &+ load(line + 8, as: UInt64.self)) { forgetLine(number) }
          }
        }
      }
      // A near entry may be there still when its line has another page.
      for register in 0..<SoftTLB.nearEntries {
        let entry = SoftTLB.near(set, .write, register)
        if load(SoftTLB.nearLimits + entry, as: UInt64.self) != 0 { _ = forgets(load(SoftTLB.nearHosts + entry)) }
      }
    }
    if !found.isEmpty { clearNearEntries() }
    return found
  }

  /// Forgets every translation for some uses.
  func flushTranslations(for uses: SoftTLB.Use...) {
    context.closeWays()
    for use in uses {
      for set in 0..<SoftTLB.sets {
        let first = (SoftTLB.table(set, use) - Self.translations) / 1024
        for lines in [SoftTLB.localLines, SoftTLB.globalLines] { clearLines(lines, first..<first + SoftTLB.lines / 64) }
      }
    }
    clearNearEntries()
  }

  /// Notes where a page leads.
  func fill(_ table: Int, _ address: UInt64, _ place: UInt64, _ path: Translation) {
    let line = table &+ Int(truncatingIfNeeded: address >> 8 & SoftTLB.lineMask)
    store(address & ~0xFFF, at: line)
    store((place & ~0xFFF) &- (address & ~0xFFF), at: line &+ 8)
    let number = (line &- Self.translations) >> 4
    mark(number, SoftTLB.localLines, !path.isGlobal)
    mark(number, SoftTLB.globalLines, path.isGlobal)
    if path.isLarge {
      self[.largeFirst] = min(self[.largeFirst], address)
      self[.largeLast] = max(self[.largeLast], address | 0xFFF)
    }
  }

  /// Marks the first line of each table as empty; the others are empty when they are zero, since page 0 belongs in the first.
  func prepareTranslations() {
    for number in stride(from: 0, to: SoftTLB.words * 64, by: SoftTLB.lines) { clearLine(number) }
    store(0x1000 as UInt64, at: SoftTLB.checked)
  }

  /// Whether the page that a line holds is global.
  func isGlobal(_ line: Int) -> Bool {
    let number = (line &- Self.translations) >> 4
    return load(SoftTLB.globalLines &+ number >> 6 &* 8, as: UInt64.self) >> UInt64(number & 63) & 1 != 0
  }

  private func mark(_ number: Int, _ lines: Int, _ isUsed: Bool) {
    let (place, bit) = (lines &+ number >> 6 &* 8, UInt64(1) << UInt64(number & 63))
    let word: UInt64 = load(place)
    store(isUsed ? word | bit : word & ~bit, at: place)
  }

  /// - Parameter words: a multiple of eight.
  private func clearLines(_ lines: Int, _ words: Range<Int> = 0..<SoftTLB.words) {
    // Most are empty: eight words are looked at at once.
    for first in stride(from: words.lowerBound, to: words.upperBound, by: 8) where load(lines &+ first &* 8, as: SIMD8<UInt64>.self) != .zero {
      for word in first..<first &+ 8 {
        forEachBit(load(lines &+ word &* 8)) { clearLine(word &* 64 &+ $0) }
        store(0 as UInt64, at: lines &+ word &* 8)
      }
    }
  }

  /// One line alone.
  private func forgetLine(_ number: Int) {
    clearLine(number)
    mark(number, SoftTLB.localLines, false)
    mark(number, SoftTLB.globalLines, false)
  }

  /// An empty line names a page that belongs in a different line, so it never matches.
  private func clearLine(_ number: Int) {
    let line = number & (SoftTLB.lines - 1)
    store(line == 0 ? 0x1000 : 0 as UInt64, at: Self.translations &+ number &* 16)
    store(0 as UInt64, at: Self.translations &+ number &* 16 &+ 8)
  }

  @inline(__always) private func forEachBit(_ word: UInt64, _ body: (Int) -> Void) {
    var left = word
    while left != 0 {
      body(left.trailingZeroBitCount)
      left &= left &- 1
    }
  }

  /// Makes all near entries empty.
  func clearNearEntries() {
    let end = SoftTLB.nearLimits + SoftTLB.nearSizes.count * SoftTLB.nearSize
    for place in stride(from: SoftTLB.nearLimits, to: end, by: 32) { store(SIMD4<UInt64>.zero, at: place) }
  }
}
