/// What somebody at the keyboard does, written down: one step a line.
///
///     wait "GNU GRUB"     until the text is on the console or on a text screen
///     wait 2s             of guest time
///     type ls -l          letter by letter, as on a US keyboard
///     press ctrl-alt-del  one key, with others held down
///     screenshot a.png    a picture of the display
///     quit                the run ends
public struct KeyScript: Equatable, Sendable {
  public enum Step: Equatable, Sendable {
    case waitForText(String)
    case pause(nanoseconds: UInt64)
    /// The scan codes of a key that goes down and up again.
    case press([UInt8])
    case screenshot(String)
    case quit
  }

  /// A line that says nothing, and why.
  public struct Problem: Error, Equatable {
    public let line: Int
    public let words: String
  }

  public private(set) var steps: [(line: Int, step: Step)] = []

  public static func == (a: Self, b: Self) -> Bool { a.steps.elementsEqual(b.steps) { $0 == $1 } }

  public init(_ text: String) throws(Problem) {
    for (number, line) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated() {
      let line = Self.trimmed(line)
      guard !line.isEmpty, !line.hasPrefix("#") else { continue }
      let verb = line.prefix { $0 != " " && $0 != "\t" }
      let rest = Self.trimmed(line.dropFirst(verb.count))
      for step in try Self.steps(String(verb), String(rest), line: number + 1) { steps.append((number + 1, step)) }
    }
  }

  private static func trimmed(_ text: Substring) -> Substring {
    var text = text.drop { $0.isWhitespace }
    while text.last?.isWhitespace == true { text.removeLast() }
    return text
  }

  private static func steps(_ verb: String, _ rest: String, line: Int) throws(Problem) -> [Step] {
    func problem(_ words: String) -> Problem { Problem(line: line, words: words) }
    switch verb {
    case "wait":
      if rest.hasPrefix("\"") {
        guard rest.count > 2, rest.hasSuffix("\"") else { throw problem("a text is between quotation marks, such as wait \"login:\"") }
        return [.waitForText(String(rest.dropFirst().dropLast()))]
      }
      guard let time = nanoseconds(rest) else { throw problem("wait takes a \"text\", or a time such as 2s or 500ms") }
      return [.pause(nanoseconds: time)]
    case "type":
      guard !rest.isEmpty else { throw problem("type takes a text") }
      var presses: [Step] = []
      for letter in rest {
        guard let codes = KeyboardLayout.press(letter) else { throw problem("no key of a US keyboard types \(letter)") }
        presses.append(.press(codes))
      }
      return presses
    case "press":
      guard let codes = KeyboardLayout.press(named: rest) else {
        throw problem("press takes a key, such as ret, esc, up, f1, a, ctrl-c or ctrl-alt-del")
      }
      return [.press(codes)]
    case "screenshot":
      guard !rest.isEmpty else { throw problem("screenshot takes the path of a file") }
      return [.screenshot(rest)]
    case "quit":
      guard rest.isEmpty else { throw problem("quit stands alone") }
      return [.quit]
    default: throw problem("\(verb) is no step: choose wait, type, press, screenshot or quit")
    }
  }

  /// `2s`, `500ms` or `1m`, at most a day.
  private static func nanoseconds(_ text: String) -> UInt64? {
    for (unit, factor) in [("ms", 1e6), ("s", 1e9), ("m", 60e9)] where text.hasSuffix(unit) {
      guard let number = Double(text.dropLast(unit.count)), number >= 0, number * factor <= 86_400e9 else { return nil }
      return UInt64(number * factor)
    }
    return nil
  }
}
