internal import Primitives

/// How often the lines of a kernel's source were executed, from what `objdump -t --dwarf=decodedline` says of it, piece by piece.
///
/// Anybody may have made the kernel: names and lines are bounded in number and length.
public struct LineCoverage {
  private struct File {
    let name: String
    /// How often each line was executed, and each function, by its first line.
    var lines: [Int32: UInt64] = [:]
    var functions: [(name: String, line: Int32, count: UInt64)] = []
  }

  private static let mostLines = 16 << 20
  private static let mostFiles = 1 << 17
  private static let longestLine = 4096

  private let executed: [UInt64: UInt64]
  /// Where the kernel begins, as its file has it.
  private var start: UInt64?
  private var functions: [UInt64: String] = [:]
  private var files: [File] = []
  private var numbers: [String: Int] = [:]
  private var current: Int?
  /// The last file whose folder was not told.
  private var nameless: Int?
  private var lineCount = 0
  private var rest: [UInt8] = []

  /// - Parameter executed: as Coverage has it.
  public init(_ executed: [UInt64: UInt64]) { self.executed = executed }

  /// Whether any line was found.
  public var isEmpty: Bool { lineCount == 0 }

  /// The next of what the program says.
  public mutating func take(_ bytes: [UInt8]) {
    var from = bytes.startIndex
    while let end = bytes[from...].firstIndex(of: 0x0A) {
      if rest.isEmpty {
        takeLine(bytes[from..<end])
      } else {
        rest += bytes[from..<end]
        takeLine(rest[...])
        rest = []
      }
      from = end + 1
    }
    if rest.count < Self.longestLine { rest += bytes[from...] }
  }

  private mutating func takeLine(_ line: ArraySlice<UInt8>) {
    guard let last = line.last else { return }
    if last == UInt8(ascii: "x") || last >= UInt8(ascii: "0") && last <= UInt8(ascii: "9"), takeRow(line) { return }
    if last == UInt8(ascii: ":") { takeFile(line.dropLast()) } else if start == nil || functions.count < 1 << 20 { takeSymbol(line) }
  }

  // MARK: Symbols

  /// `ffffffff812a8c70 g     F .text  000000000000010f kfree`; the kernel begins at `_text`.
  private mutating func takeSymbol(_ line: ArraySlice<UInt8>) {
    guard files.isEmpty, line.count < 512 else { return }
    let words = line.split { $0 == 0x20 || $0 == 0x09 }
    guard words.count >= 4, let name = words.last, let address = Self.number(words[0], radix: 16) else { return }
    if name.elementsEqual("_text".utf8) { start = address }
    if words.contains(where: { $0.elementsEqual("F".utf8) }) { functions[address] = functions[address] ?? String(decoding: name, as: UTF8.self) }
  }

  // MARK: Lines

  /// `./include/linux/list.h:`, or a name alone at the beginning of a unit.
  private mutating func takeFile(_ name: ArraySlice<UInt8>) {
    let hasFolder = name.contains(UInt8(ascii: "/"))
    guard !name.contains(0x20) else { return }
    let text = String(decoding: name.starts(with: "./".utf8) ? name.dropFirst(2) : name, as: UTF8.self)
    // What was told first by its name alone is told again with its folder.
    if hasFolder, let number = nameless, text.hasSuffix("/" + files[number].name) {
      let lines = files[number].lines
      files[number].lines = [:]
      open(text)
      if let current {
        files[current].lines.merge(lines) { max($0, $1) }
        files[current].functions += files[number].functions
        files[number].functions = []
      }
      nameless = nil
    } else if hasFolder {
      open(text)
    } else {
      guard files.count < Self.mostFiles else { return }
      files.append(File(name: text))
      (current, nameless) = (files.count - 1, files.count - 1)
    }
  }

  private mutating func open(_ name: String) {
    if let known = numbers[name] {
      current = known
    } else if files.count < Self.mostFiles {
      files.append(File(name: name))
      numbers[name] = files.count - 1
      current = files.count - 1
    } else {
      current = nil
    }
  }

  /// `list.h   123  0xffffffff81000000   1   x`: name, line, address, perhaps a view's number, and whether a statement begins.
  private mutating func takeRow(_ line: ArraySlice<UInt8>) -> Bool {
    guard let current, let start, line.last == UInt8(ascii: "x") else { return false }
    guard let mark = line.lastIndex(of: UInt8(ascii: "0").self, before: UInt8(ascii: "x")) else { return false }
    let digits = line[(mark + 2)...].prefix { $0 != 0x20 }
    guard let address = Self.number(digits, radix: 16) else { return false }
    let before = line[..<mark]
    guard let end = before.lastIndex(where: { $0 != 0x20 }), let gap = before[...end].lastIndex(of: 0x20),
      let number = Self.number(before[(gap + 1)...end], radix: 10), let number = Int32(exactly: number), number > 0
    else { return false }
    let count = executed[address &- start] ?? 0
    if let known = files[current].lines[number] {
      files[current].lines[number] = max(known, count)
    } else if lineCount < Self.mostLines {
      files[current].lines[number] = count
      lineCount += 1
    }
    if let function = functions.removeValue(forKey: address) { files[current].functions.append((function, number, count)) }
    return true
  }

  private static func number(_ digits: ArraySlice<UInt8>, radix: UInt64) -> UInt64? {
    guard !digits.isEmpty, digits.count <= 16 else { return nil }
    var value: UInt64 = 0
    for digit in digits {
      let one: UInt64
      switch digit {
      case UInt8(ascii: "0")...UInt8(ascii: "9"): one = UInt64(digit - UInt8(ascii: "0"))
      case UInt8(ascii: "a")...UInt8(ascii: "f") where radix == 16: one = UInt64(digit - UInt8(ascii: "a") + 10)
      default: return nil
      }
      value = value &* radix &+ one
    }
    return value
  }

  // MARK: The end

  /// What `lcov` and `genhtml` read: for each file of which something was executed all its lines and functions, and how often each was.
  public var lcov: String {
    files.filter { $0.lines.values.contains { $0 > 0 } }.sorted { $0.name < $1.name }.map { file in
      let functions = file.functions.map { "FN:\($0.line),\($0.name)\n" } + file.functions.map { "FNDA:\($0.count),\($0.name)\n" }
      let lines = file.lines.sorted { $0.key < $1.key }
      return "TN:\nSF:\(file.name)\n" + functions.joined() + "FNF:\(file.functions.count)\nFNH:\(file.functions.count { $0.count > 0 })\n"
        + lines.map { "DA:\($0.key),\($0.value)\n" }.joined() + "LF:\(lines.count)\nLH:\(lines.count { $0.value > 0 })\nend_of_record\n"
    }.joined()
  }
}

extension ArraySlice<UInt8> {
  /// The last place where one byte stands right before another.
  fileprivate func lastIndex(of first: UInt8, before second: UInt8) -> Int? {
    var at = endIndex - 2
    while at >= startIndex {
      if self[at] == first, self[at + 1] == second { return at }
      at -= 1
    }
    return nil
  }
}
