/// Numbers that look like chance and follow from a seed (SplitMix64).
public struct Chance: Sendable {
  private var state: UInt64
  public init(_ seed: UInt64) { state = seed }

  public mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var word = state
    word = (word ^ word >> 30) &* 0xBF58_476D_1CE4_E5B9
    word = (word ^ word >> 27) &* 0x94D0_49BB_1331_11EB
    return word ^ word >> 31
  }

  public mutating func below(_ count: Int) -> Int { Int(next() % UInt64(count)) }

  public mutating func one<Element>(of list: [Element]) -> Element { list[below(list.count)] }
}
