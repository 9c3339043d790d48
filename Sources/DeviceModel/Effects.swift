/// What a cycle does, in order. The first two need no memory of their own, and few cycles do more.
public struct Effects: Sequence, Sendable {
  @usableFromInline var first: Effect?
  @usableFromInline var second: Effect?
  @usableFromInline var rest: [Effect]?

  @inlinable public init() {}

  @inlinable public var isEmpty: Bool { first == nil }

  public mutating func append(_ effect: Effect) {
    if first == nil {
      first = effect
    } else if second == nil {
      second = effect
    } else {
      rest = (rest ?? []) + [effect]
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
      default:
        guard let rest = effects.rest, index - 2 < rest.count else { return nil }
        return rest[index - 2]
      }
    }
  }
}
