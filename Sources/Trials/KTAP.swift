/// Reads the results that a test writes as TAP or KTAP: kselftest's programs, KUnit, prove.
///
/// Of a test that writes without end a bounded part is kept.
public struct KTAP: Sendable {
  public struct Entry: Equatable, Sendable {
    public enum Result: String, Sendable { case passed, failed, skipped }

    public let name: String
    public let result: Result
    /// A result that sums up those before it, of its own parts.
    public let isSum: Bool
  }

  private static let longestLine = 1024
  private static let mostEntries = 1000
  private static let deepest = 64

  public private(set) var entries: [Entry] = []
  /// How many failed, those among them that are not kept.
  public private(set) var failures = 0
  /// What is wrong with the results as a whole.
  public var problem: String? {
    guard let plan, plan != seen.first ?? 0 else { return nil }
    return "\(plan) results were planned, and \(seen.first ?? 0) came"
  }
  /// The test says that it has nothing to do here.
  public private(set) var isSkipped = false
  public var isEmpty: Bool { entries.isEmpty && plan == nil }

  private var line: [UInt8] = []
  /// How many results the outermost level has announced.
  private var plan: Int?
  /// How many results there were at each depth since the last one further out.
  private var seen: [Int] = []

  public init() {}

  public mutating func put(_ bytes: [UInt8]) {
    for byte in bytes {
      if byte == 0x0A {
        read(String(decoding: line, as: UTF8.self))
        line.removeAll(keepingCapacity: true)
      } else if line.count < Self.longestLine, byte != 0x0D {
        line.append(byte)
      }
    }
  }

  private mutating func read(_ line: String) {
    let text = line.drop { $0 == " " }
    // Two spaces or four for each level.
    let indent = line.count - text.count
    if text.hasPrefix("ok ") || text == "ok" { return take(text.dropFirst(2), isGood: true, indent) }
    if text.hasPrefix("not ok ") || text == "not ok" { return take(text.dropFirst(6), isGood: false, indent) }
    guard indent == 0, text.hasPrefix("1.."), let count = Int(text.dropFirst(3).prefix { $0.isNumber }) else { return }
    plan = count
    isSkipped = count == 0
  }

  private mutating func take(_ rest: Substring, isGood: Bool, _ indent: Int) {
    let depth = min(indent / 2, Self.deepest)
    let isSum = seen.dropFirst(depth + 1).contains { $0 > 0 }
    while seen.count <= depth { seen.append(0) }
    seen[depth] += 1
    seen.removeSubrange((depth + 1)...)
    // ` 3 - name # SKIP why`
    let parts = rest.split(separator: "#", maxSplits: 1).map { $0.drop { $0 == " " } }
    let directive = parts.count > 1 ? parts[1].uppercased() : ""
    let name = (parts.first ?? "").drop { $0.isNumber }.drop { $0 == " " || $0 == "-" }
    let isSkip = directive.hasPrefix("SKIP") || directive.hasPrefix("TODO") || directive.hasPrefix("XFAIL")
    let result: Entry.Result = isSkip ? .skipped : isGood ? .passed : .failed
    if result == .failed, !isSum { failures += 1 }
    let trimmed = String(name.reversed().drop { $0 == " " }.reversed())
    // A failure has room that no success takes.
    guard entries.count < Self.mostEntries / 2 || (result == .failed && entries.count < Self.mostEntries) else { return }
    entries.append(Entry(name: trimmed.isEmpty ? "\(entries.count + 1)" : trimmed, result: result, isSum: isSum))
  }
}
