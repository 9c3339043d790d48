internal import Host
import Primitives
public import Processor

/// The symbols of a running Linux, from the tables in its own memory that it prints call traces with.
///
/// Linux' scripts/kallsyms.c writes them, in one of two orders:
/// up to 6.4: offsets, base, count, names, markers, [sequence,] tokens, token index;
/// since 6.5: count, names, markers, tokens, token index, offsets, base, sequence. Each begins at a multiple of an address' size.
/// The guest may have written anything there: every search is bounded, every read checked.
public struct KernelSymbols: Sendable {
  let layout: KernelLayout
  private let image: [UInt8]
  /// Where each 256th name begins, as an offset into `image`; and the table of offsets.
  private var names = 0
  private var markers = 0
  private var offsets = 0
  private var base: UInt64 = 0
  private var tokens: [Range<Int>] = []
  public private(set) var count = 0
  private var modules = ModuleSymbols.none
  /// Where the list of them begins and ends.
  private var moduleHead: UInt64?

  /// Where an address is.
  public struct Symbol: Equatable, Sendable, CustomStringConvertible {
    public let name: String
    public let offset: UInt64
    /// Nil for the kernel itself.
    public let module: String?

    /// As the kernel writes it.
    public var description: String { "\(name)+0x\(offset.hex())" + suffix }
    public var function: String { name + suffix }
    private var suffix: String { module.map { " [\($0)]" } ?? "" }
  }

  /// How many table entries are looked at before the search ends.
  private var effort = 1 << 24

  private static let largestKernel = 128 << 20
  private static let largePage = 2 << 20
  /// How far the tables of the largest kernels extend to either side.
  private static let reach = 12 << 20
  private static let mostCandidates = 16
  private static let moduleList = "modules"
  /// How far before an address in it a kernel may begin.
  private static let before: UInt64 = 64 << 20

  /// Finds them in what the processor has mapped where Linux maps itself; nil if there are none.
  ///
  /// - Parameter place: where the processor is, perhaps in the kernel.
  public init?(_ memory: LinearMemory, isWide: Bool, near place: UInt64) {
    let layout = isWide ? KernelLayout.wide : .narrow
    let window = layout.window
    let isNear = !isWide && window.contains(place) && place - window.lowerBound > Self.before
    var address = isNear ? (place - Self.before) & ~UInt64(Self.largePage - 1) : window.lowerBound
    var (total, found) = (0, 0)
    while window.contains(address), total < Self.largestKernel {
      let wanted = Self.largePage - Int(address % UInt64(Self.largePage))
      let bytes = memory.bytes(wanted, at: address)
      for place in Self.digits(in: bytes) where found < Self.mostCandidates {
        found += 1
        let (image, digits) = Self.surroundings(of: address + UInt64(place), memory, window)
        if let symbols = KernelSymbols(image, digits: digits, layout) {
          self = symbols
          moduleHead = addresses(of: [Self.moduleList])[0]
          readModules(memory)
          return
        }
      }
      total += bytes.count
      // The sections begin on large pages, and some end in holes.
      address += UInt64(bytes.isEmpty && wanted == Self.largePage ? Self.largePage : max(bytes.count, 4096))
    }
    return nil
  }

  /// What is mapped around an address without a hole, as far as tables reach, and where in it the address is.
  private static func surroundings(of address: UInt64, _ memory: LinearMemory, _ window: ClosedRange<UInt64>) -> ([UInt8], Int) {
    var start = address & ~0xFFF
    while address - start < UInt64(reach), window.contains(start - 4096), memory.physical(start - 4096) != nil { start -= 4096 }
    let before = Int(address - start)
    return (memory.bytes(before + reach, at: start), before)
  }

  /// Where the tokens of the ten digits may be: these are always the digits themselves, side by side.
  static func digits(in bytes: [UInt8]) -> [Int] {
    var places: [Int] = []
    for at in stride(from: 0, to: bytes.count - 1, by: 18) {
      for place in [at, at + 1] where (0x30...0x39).contains(bytes[place]) {
        let zero = place - 2 * Int(bytes[place] - 0x30)
        let fits =
          zero >= 0 && zero + 20 <= bytes.count
          && (0..<10).allSatisfy { bytes[zero + 2 * $0] == 0x30 + UInt8($0) && bytes[zero + 2 * $0 + 1] == 0 }
        if fits, places.last != zero { places.append(zero) }
      }
    }
    return places
  }

  /// - Parameter image: a piece of memory that begins on a page.
  /// - Parameter digits: where the tokens of the ten digits are in it.
  init?(_ image: [UInt8], digits: Int, _ layout: KernelLayout = .wide) {
    self.layout = layout
    self.image = image
    guard image.indices.contains(digits), takeTables(digits: digits) else { return nil }
  }

  /// Takes all tables, given where the token "0" is; false unless they agree with each other.
  private mutating func takeTables(digits: Int) -> Bool {
    // 48 tokens come before.
    var start = digits
    for _ in 0..<48 {
      guard start >= 2, image[start - 1] == 0 else { return false }
      start -= 1
      while start > 0, image[start - 1] != 0 { start -= 1 }
      effort -= 1
    }
    var ranges: [Range<Int>] = []
    var at = start
    for _ in 0..<256 {
      let from = at
      while at < image.count, image[at] != 0, at - from < 256 { at += 1 }
      guard at < image.count, image[at] == 0 else { return false }
      ranges.append(from..<at)
      at += 1
      effort -= 1
    }
    let index = layout.aligned(at)
    guard start % layout.word == 0, ranges.indices.allSatisfy({ short(index + 2 * $0) == UInt16(exactly: ranges[$0].lowerBound - start) }) else {
      return false
    }
    tokens = ranges
    return findNames(before: start) && (findOffsets(at: index + 512, newer: true) || findOffsets(at: names - layout.word, newer: false))
  }

  /// Looks backwards for the number of symbols, after which their names and the markers into these fit.
  private mutating func findNames(before end: Int) -> Bool {
    var at = end - layout.word
    let limit = max(0, end - (32 << 20))
    while at >= limit, effort > 0 {
      if let number = word(at), number >= 64, number <= 1 << 20, layout.word == 4 || word(at + 4) == 0,
        fits(Int(number), names: at + layout.word, before: end)
      {
        (count, names) = (Int(number), at + layout.word)
        return true
      }
      at -= layout.word
    }
    return false
  }

  private mutating func fits(_ number: Int, names start: Int, before end: Int) -> Bool {
    var at = start
    var marks: [Int] = []
    for entry in 0..<number {
      if entry % 256 == 0 { marks.append(at - start) }
      guard let name = name(at), name.upperBound <= end, !name.isEmpty else { return false }
      at = name.upperBound
      effort -= 1
      if effort <= 0 { return false }
    }
    let table = layout.aligned(at)
    guard table + 4 * marks.count <= end else { return false }
    markers = table
    return marks.indices.allSatisfy { word(table + 4 * $0).map(Int.init) == marks[$0] }
  }

  private mutating func findOffsets(at place: Int, newer: Bool) -> Bool {
    let size = layout.aligned(4 * count)
    let (table, basePlace) = newer ? (place, place + size) : (place - layout.word - size, place - layout.word)
    guard table >= 0, let value = layout.address(in: image, at: basePlace), layout.window.contains(value) else { return false }
    (offsets, base) = (table, value)
    let sample = stride(from: 0, to: count, by: max(1, count / 64)).map(address)
    return zip(sample, sample.dropFirst()).allSatisfy { $0 <= $1 }
  }

  // MARK: Pieces

  private func word(_ offset: Int) -> UInt32? { image.load(UInt32.self, at: offset) }
  private func short(_ offset: Int) -> UInt16? { image.load(UInt16.self, at: offset) }

  /// The packed name whose length stands at `offset`, in one byte or two.
  private func name(_ offset: Int) -> Range<Int>? {
    guard let first = image.load(UInt8.self, at: offset) else { return nil }
    var (length, start) = (Int(first), offset + 1)
    if first & 0x80 != 0 {
      guard let second = image.load(UInt8.self, at: offset + 1) else { return nil }
      (length, start) = (Int(first & 0x7F) | Int(second) << 7, offset + 2)
    }
    return start + length <= image.count ? start..<start + length : nil
  }

  private func offset(_ number: Int) -> UInt32 { word(offsets + 4 * number) ?? 0 }

  private func address(_ number: Int) -> UInt64 {
    // Since 6.15 all offsets simply count from the base.
    guard offset(count - 1) >> 31 == 1 else { return base &+ UInt64(offset(number)) }
    // Before, positive ones are of per-CPU data, and negative ones count backwards from the base.
    let value = Int64(Int32(bitPattern: offset(number)))
    return value >= 0 ? UInt64(value) : base &- 1 &- UInt64(bitPattern: value)
  }

  private func text(_ number: Int) -> String? {
    guard let marker = word(markers + 4 * (number / 256)) else { return nil }
    var at = names + Int(marker)
    for _ in 0..<number % 256 {
      guard let skipped = name(at) else { return nil }
      at = skipped.upperBound
    }
    guard let packed = name(at) else { return nil }
    let characters = packed.lazy.flatMap { image[tokens[Int(image[$0])]] }.prefix(256)
    // The first character is the kind. A name is the guest's: only what is harmless on a terminal.
    return String(decoding: characters.dropFirst().filter { (0x21...0x7E).contains($0) }, as: UTF8.self)
  }

  // MARK: Use

  /// The symbol that an address of the kernel or of a module lies in.
  public func symbol(at address: UInt64) -> Symbol? { ownSymbol(at: address) ?? modules.symbol(at: address) }

  /// Where the kernel's code begins.
  public var start: UInt64? { addresses(of: ["_text"])[0] }

  /// Where the function extends that an address lies in.
  public func extent(at address: UInt64) -> Range<UInt64>? {
    guard let symbol = symbol(at: address) else { return nil }
    let start = address - symbol.offset
    guard symbol.module == nil else { return start..<max(modules.end(of: address) ?? 0, address + 1) }
    let next = (0..<count).firstIndexBehind { self.address($0) <= address }
    return start..<(next < count ? self.address(next) : address + 1)
  }

  /// Where symbols begin, as far as there are such.
  func addresses(of wanted: [String]) -> [UInt64?] {
    let letters = wanted.map { Array($0.utf8) }
    var (found, at): ([UInt64?], Int) = (wanted.map { _ in nil }, names)
    for number in 0..<count {
      guard let packed = name(at) else { break }
      for (index, name) in letters.enumerated() where unpacks(packed, to: name) { found[index] = address(number) }
      at = packed.upperBound
    }
    return found
  }

  /// Whether a packed name, behind its first character, which is the kind, is this one. Most differ in a letter or two.
  private func unpacks(_ packed: Range<Int>, to name: [UInt8]) -> Bool {
    var next = -1
    for place in packed {
      for letter in tokens[Int(image[place])] {
        guard next < 0 || next < name.count && image[letter] == name[next] else { return false }
        next += 1
      }
    }
    return next == name.count
  }

  /// Learns what modules there are now.
  mutating func readModules(_ memory: LinearMemory) {
    // Only a kernel that names its data, too, tells where they are.
    if let moduleHead { modules = ModuleSymbols(from: moduleHead, memory, layout) }
  }

  private func ownSymbol(at address: UInt64) -> Symbol? {
    guard layout.window.contains(address), count > 0 else { return nil }
    let next = (0..<count).firstIndexBehind { self.address($0) <= address }
    guard next > 0 else { return nil }
    var first = next - 1
    // Of several at one address the first counts, as for the kernel.
    while first > 0, self.address(first - 1) == self.address(next - 1), next - first < 64 { first -= 1 }
    let start = self.address(first)
    guard address - start < 1 << 20, layout.window.contains(start), let name = text(first), !name.isEmpty else { return nil }
    return Symbol(name: name, offset: address - start, module: nil)
  }
}
