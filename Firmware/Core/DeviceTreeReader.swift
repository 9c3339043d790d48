internal import Primitives

/// A walk through a flattened device tree in memory (Devicetree Specification 0.4, chapter 5).
struct DeviceTreeReader<H: Hardware> {
  /// A property's value in memory.
  struct Value {
    let hardware: H
    let address: GuestAddress
    let count: Int

    /// One of its 32-bit cells; nil after the end.
    func cell(_ index: Int) -> UInt32? {
      index >= 0 && index < count / 4 ? hardware.bigDword(at: address + 4 * index) : nil
    }

    /// Two cells as one number.
    func pair(_ index: Int) -> UInt64? {
      guard let high = cell(index), let low = cell(index + 1) else { return nil }
      return UInt64(high) << 32 | UInt64(low)
    }

    /// Whether this is one of the texts in it.
    func contains(_ text: Text) -> Bool {
      var start = 0
      while start < count {
        if hardware.text(at: address + start, limit: count - start, is: text) { return true }
        while start < count, hardware.byte(at: address + start) != 0 { start += 1 }
        start += 1
      }
      return false
    }
  }

  /// What `visit` is told of a node when its properties end, because a child or its end comes.
  struct Node {
    var compatible: Value?
    var registers: Value?
    var ranges: Value?
  }

  private enum Token {
    static var beginNode: UInt32 { 1 }
    static var endNode: UInt32 { 2 }
    static var property: UInt32 { 3 }
    static var nothing: UInt32 { 4 }
    static var end: UInt32 { 9 }
  }

  let hardware: H
  let tree: GuestAddress
  let size: UInt32

  /// Calls `visit` for each node. False if the tree is not one, or breaks off.
  func walk(_ visit: (Node) -> Void) -> Bool {
    guard size >= 40, hardware.bigDword(at: tree) == 0xD00D_FEED, hardware.bigDword(at: tree + 4) <= size else {
      return false
    }
    let names = hardware.bigDword(at: tree + 12)
    var offset = hardware.bigDword(at: tree + 8)
    var node: Node?
    while offset <= size - 4 {
      let token = cell(offset)
      offset += 4
      switch token {
      case Token.beginNode:
        if let node { visit(node) }
        node = Node()
        while offset < size, hardware.byte(at: tree + Int(offset)) != 0 { offset += 1 }
        offset = (offset + 4) & ~3
      case Token.endNode:
        if let node { visit(node) }
        node = nil
      case Token.property:
        guard size - offset >= 8 else { return false }
        let count = cell(offset)
        let name = names &+ cell(offset + 4)
        offset += 8
        guard count <= size - offset, name < size else { return false }
        let value = Value(hardware: hardware, address: tree + Int(offset), count: Int(count))
        if isName(name, "compatible") { node?.compatible = value }
        if isName(name, "reg") { node?.registers = value }
        if isName(name, "ranges") { node?.ranges = value }
        offset = (offset + count + 3) & ~3
      case Token.nothing: continue
      case Token.end: return true
      default: return false
      }
    }
    return false
  }

  private func cell(_ offset: UInt32) -> UInt32 { hardware.bigDword(at: tree + Int(offset)) }

  private func isName(_ offset: UInt32, _ name: Text) -> Bool {
    hardware.text(at: tree + Int(offset), limit: Int(size - offset), is: name)
  }
}
