internal import Primitives

/// How often the code of a kernel was executed.
public struct Coverage: Sendable {
  /// How often each function was entered, by its name, with that of its module behind it.
  private var functions: [String: UInt64] = [:]
  /// How often each instruction of the kernel itself was executed, by its distance from the kernel's beginning.
  public private(set) var instructions: [UInt64: UInt64] = [:]

  public init() {}

  /// - Parameter count: how often its first instruction was executed; or, where it was entered elsewhere, its most frequent one.
  public mutating func add(_ count: UInt64, to function: String) { functions[function, default: 0] &+= count }

  public mutating func add(_ count: UInt64, at distance: UInt64) { instructions[distance, default: 0] &+= count }

  /// A line for each function that was executed, and how often: the most frequent first.
  public var table: String {
    functions.map { (name: $0.key, count: $0.value) }.sorted { ($1.count, $0.name) < ($0.count, $1.name) }
      .map { "\($0.count) \($0.name)\n" }.joined()
  }
}
