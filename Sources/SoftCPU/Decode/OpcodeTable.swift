/// The parsed maps: one byte, 0F, 0F38, 0F3A; then those behind VEX, 4 for none that exists.
let opcodeTable = {
  let table = OpcodeTable(opcodeText)
  precondition(table.mistakes.isEmpty, "opcode table: \(table.mistakes)")
  return table
}()

/// `opcodeText` or the like, parsed. Every start of the software CPU does this, so it works on bytes, word by word: what a
/// character is takes long to find out.
struct OpcodeTable {
  private typealias Text = ArraySlice<UInt8>

  private static let maps = 8
  /// 256 of each map.
  private(set) var rows = [OpcodeRow](repeating: .undefined, count: maps * 256)
  /// Lines that nothing can be made of, or that name an opcode again.
  private(set) var mistakes: [String] = []
  private var named = [Bool](repeating: false, count: maps * 256)
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
    guard let map = Self.word(&words).flatMap(Self.number), map < Self.maps, let opcodes = Self.word(&words).flatMap(Self.range),
      let row = Self.row(&words)
    else { return mistakes.append(Self.string(line)) }
    for place in opcodes.lowerBound + map * 256...opcodes.upperBound + map * 256 where !isRest || !named[place] {
      if named[place] { mistakes.append(Self.string(line)) }
      named[place] = true
      rows[place] = row
    }
  }

  @inline(__always) subscript(map: UInt8, opcode: UInt8) -> OpcodeRow { rows[Int(map) << 8 | Int(opcode)] }

  private static func row(_ words: inout Text) -> OpcodeRow? {
    var row = OpcodeRow()
    var names = word(&words) ?? []
    var count = 0
    while let name = next(&names, before: UInt8(ascii: "/")) {
      guard let operation = operations[string(name)], count < 8 else { return nil }
      row.operations[count] = operation
      count += 1
    }
    guard count == 1 || count == 8 else { return nil }
    if count == 1 { row.operations = InlineArray(repeating: row.operations[0]) }
    row.isGroup = count == 8
    row.hasModRM = row.isGroup
    count = 0
    while let word = word(&words) {
      switch string(word) {
      case "rest": break
      case "m": row.hasModRM = true
      case "i64": row.validity = .never64
      case "o64": row.validity = .only64
      case "d64": row.isWideByDefault = true
      case let notation:
        guard let operand = Operand(notation), count < row.operands.count else { return nil }
        row.operands[count] = operand
        count += 1
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
