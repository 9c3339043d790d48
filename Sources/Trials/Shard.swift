/// One of several equal parts of the trials, each for a machine of its own.
public struct Shard: Equatable, Sendable {
  /// From one.
  public let number: Int
  public let count: Int

  /// `3/20`; nil for anything else.
  public init?(_ text: String) {
    let parts = text.split(separator: "/", omittingEmptySubsequences: false).map { Int($0) }
    guard parts.count == 2, let number = parts[0], let count = parts[1], (1...10_000).contains(count), (1...count).contains(number) else { return nil }
    self.number = number
    self.count = count
  }

  public var text: String { "\(number)/\(count)" }

  func has(_ index: Int) -> Bool { index % count == number - 1 }
}
