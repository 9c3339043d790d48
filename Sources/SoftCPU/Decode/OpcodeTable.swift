/// The parsed maps: one byte, 0F, 0F38, 0F3A; then those behind VEX, 4 for none that exists.
let opcodeMaps: [[OpcodeRow]] = {
  let table = OpcodeTable(opcodeText)
  precondition(table.mistakes.isEmpty, "opcode table: \(table.mistakes)")
  return table.maps
}()

/// `opcodeText` or the like, parsed. Every start of the software CPU does this, so it works on bytes, word by word: what a
/// character is takes long to find out.
struct OpcodeTable {
  private typealias Text = ArraySlice<UInt8>

  private(set) var maps = [[OpcodeRow]](repeating: [OpcodeRow](repeating: .undefined, count: 256), count: 8)
  /// Lines that nothing can be made of, or that name an opcode again.
  private(set) var mistakes: [String] = []
  private var named = [[Bool]](repeating: [Bool](repeating: false, count: 256), count: 8)
  private static let operations = Dictionary(uniqueKeysWithValues: Operation.allCases.map { ($0.stringValue, $0) })

  init(_ text: String) {
    let text = Array(text.utf8)[...]
    // What stands for the rest comes when all others are known.
    for isRest in [false, true] {
      var lines = text
      while let line = Self.next(&lines, before: UInt8(ascii: "\n")) {
        if line.suffix(5).elementsEqual(" rest".utf8) == isRest { add(line, isRest: isRest) }
      }
    }
  }

  private mutating func add(_ line: Text, isRest: Bool) {
    var words = line
    guard let map = Self.word(&words).flatMap(Self.number), maps.indices.contains(map), let opcodes = Self.word(&words).flatMap(Self.range),
      let row = Self.row(&words)
    else { return mistakes.append(Self.string(line)) }
    for opcode in opcodes where !isRest || !named[map][opcode] {
      if named[map][opcode] { mistakes.append(Self.string(line)) }
      named[map][opcode] = true
      maps[map][opcode] = row
    }
  }

  private static func row(_ words: inout Text) -> OpcodeRow? {
    var row = OpcodeRow()
    row.operations = []
    var names = word(&words) ?? []
    while let name = next(&names, before: UInt8(ascii: "/")) {
      guard let operation = operations[string(name)] else { return nil }
      row.operations.append(operation)
    }
    guard row.operations.count == 1 || row.operations.count == 8 else { return nil }
    if row.operations.count == 8 { row.hasModRM = true }
    while let word = word(&words) {
      switch string(word) {
      case "rest": break
      case "m": row.hasModRM = true
      case "i64": row.validity = .never64
      case "o64": row.validity = .only64
      case "d64": row.isWideByDefault = true
      case let notation:
        guard let operand = Operand(notation) else { return nil }
        row.operands.append(operand)
        switch operand.method {
        case .rm, .reg, .memory, .segment, .control: row.hasModRM = true
        case .opcode, .accumulator, .immediate, .signedByte, .branch, .far, .offset, .one, .count: break
        }
      }
    }
    return row
  }

  // MARK: Words

  private static func word(_ text: inout Text) -> Text? { next(&text, before: UInt8(ascii: " ")) }

  /// What comes up to a byte, which is passed; nil at the end.
  private static func next(_ text: inout Text, before separator: UInt8) -> Text? {
    guard !text.isEmpty else { return nil }
    let end = text.firstIndex(of: separator) ?? text.endIndex
    defer { text = text[min(end + 1, text.endIndex)...] }
    return text[..<end]
  }

  private static func string(_ text: Text) -> String { String(decoding: text, as: UTF8.self) }

  /// One opcode, or the first and the last of several.
  private static func range(_ word: Text) -> ClosedRange<Int>? {
    var ends = word
    guard let first = next(&ends, before: UInt8(ascii: "-")).flatMap(number) else { return nil }
    guard let last = ends.isEmpty ? first : number(ends), first <= last, last < 256 else { return nil }
    return first...last
  }

  /// Hexadecimal, of at most four digits.
  private static func number(_ word: Text) -> Int? {
    guard (1...4).contains(word.count) else { return nil }
    var number = 0
    for digit in word {
      switch digit {
      case UInt8(ascii: "0")...UInt8(ascii: "9"): number = number << 4 | Int(digit - UInt8(ascii: "0"))
      case UInt8(ascii: "A")...UInt8(ascii: "F"): number = number << 4 | Int(digit - UInt8(ascii: "A") + 10)
      default: return nil
      }
    }
    return number
  }
}
