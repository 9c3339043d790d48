/// How often each chain of functions was seen at work.
public struct StackProfile: Sendable {
  /// So many different ones are told apart.
  public static let mostStacks = 1 << 16
  public static let others = "[other stacks]"

  private var numbers: [String: Int32] = [:]
  private var names: [String] = []
  private var counts: [[Int32]: Int] = [:]
  /// How often a processor was seen at work, and how often at rest.
  public private(set) var samples = 0
  public private(set) var rests = 0

  public init() {}

  /// - Parameter stack: the outermost function first.
  public mutating func add(_ stack: [String]) {
    samples += 1
    let isRoom = counts.count < Self.mostStacks
    // Names are as many as functions, and each stack has a bounded number of them.
    let key = (isRoom ? stack : [Self.others]).map { name in number(of: name) }
    counts[key, default: 0] += 1
  }

  public mutating func addRest() { rests += 1 }

  private mutating func number(of name: String) -> Int32 {
    if let known = numbers[name] { return known }
    let number = Int32(truncatingIfNeeded: names.count)
    names.append(name)
    numbers[name] = number
    return number
  }

  /// Every stack and how often it was seen, by their names in order.
  public var stacks: [(names: [String], count: Int)] {
    counts.map { (key: [Int32], count: Int) in (key.map { names[Int($0)] }, count) }.sorted { $0.names.lexicographicallyPrecedes($1.names) }
  }

  /// A line each, as tools for flame graphs read them: functions from the outermost on, with semicolons between, and the count.
  public var folded: String { stacks.map { "\($0.names.joined(separator: ";")) \($0.count)\n" }.joined() }
}
