import Primitives

/// The list of extra facts that Linux' boot parameters point at.
struct SetupData {
  enum Kind: UInt32 {
    case deviceTree = 2
    case randomSeed = 9
  }
  private var nodes: [(kind: Kind, data: [UInt8])] = []

  mutating func add(_ kind: Kind, _ data: [UInt8]) {
    if !data.isEmpty { nodes.append((kind, data)) }
  }

  /// The list as it lies at `start`; empty if there is nothing to say.
  func bytes(at start: GuestAddress) -> [UInt8] {
    var bytes: [UInt8] = []
    for (index, node) in nodes.enumerated() {
      let size = (16 + node.data.count).roundedUpToEight
      let next = index + 1 < nodes.count ? (start + (bytes.count + size)).value : 0
      bytes.append(littleEndian: next)
      bytes.append(littleEndian: node.kind.rawValue)
      bytes.append(littleEndian: UInt32(truncatingIfNeeded: node.data.count))
      bytes += node.data
      bytes += [UInt8](repeating: 0, count: size - 16 - node.data.count)
    }
    return bytes
  }
}

extension Int {
  fileprivate var roundedUpToEight: Int { (self + 7) & ~7 }
}
