/// What a cycle does, in order. The first two need no memory of their own, and few cycles do more.
public struct Effects: Sequence, Sendable {
  @usableFromInline var first: Effect?
  private var second: Effect?
  private var rest: [Effect] = []

  public init() {}

  @inlinable public var isEmpty: Bool { first == nil }

  public mutating func append(_ effect: Effect) {
    if first == nil {
      first = effect
    } else if second == nil {
      second = effect
    } else {
      rest.append(effect)
    }
  }

  public func makeIterator() -> Iterator { Iterator(effects: self) }

  public struct Iterator: IteratorProtocol {
    fileprivate let effects: Effects
    private var index = 0

    fileprivate init(effects: Effects) { self.effects = effects }

    public mutating func next() -> Effect? {
      defer { index += 1 }
      switch index {
      case 0: return effects.first
      case 1: return effects.second
      default: return index - 2 < effects.rest.count ? effects.rest[index - 2] : nil
      }
    }
  }
}
