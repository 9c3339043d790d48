import CFDT

/// A flattened device tree that was checked from end to end.
@safe public final class DeviceTree: Sendable {
  public enum Flaw: Error, Equatable, Sendable {
    case header
    case structure
    case tooDeep
  }

  /// A node of the tree it came from.
  public struct Node: Equatable, Sendable {
    fileprivate let offset: Int32
  }

  /// Deeper than any real tree.
  public static let depthLimit: Int32 = 64
  public static let magic: [UInt8] = [0xD0, 0x0D, 0xFE, 0xED]

  /// The tree without what may follow it in its file.
  public let bytes: [UInt8]

  public init(_ file: [UInt8]) throws(Flaw) {
    guard file.count >= 40, file.starts(with: Self.magic) else { throw .header }
    let total = file[4..<8].reduce(0) { $0 << 8 | Int($1) }
    guard total >= 40, total <= file.count else { throw .header }
    bytes = total == file.count ? file : Array(file[..<total])
    var flaw: Flaw?
    unsafe bytes.withUnsafeBytes { source in
      guard unsafe fdt_check_full(source.baseAddress, total) == 0 else {
        flaw = .structure
        return
      }
      var depth: Int32 = 0
      var node = unsafe fdt_next_node(source.baseAddress, -1, &depth)
      while node >= 0, depth >= 0 {
        guard depth <= Self.depthLimit else {
          flaw = .tooDeep
          return
        }
        node = unsafe fdt_next_node(source.baseAddress, node, &depth)
      }
    }
    if let flaw { throw flaw }
  }

  // MARK: Nodes

  public static let root = Node(offset: 0)

  /// The child with exactly this name.
  public func child(_ name: String, of node: Node) -> Node? {
    children(of: node).first { $0.name == name }?.node
  }

  /// All children, in the order of the tree.
  public func children(of node: Node) -> [(name: String, node: Node)] {
    unsafe bytes.withUnsafeBytes { tree in
      var result: [(String, Node)] = []
      var offset = unsafe fdt_first_subnode(tree.baseAddress, node.offset)
      while offset >= 0 {
        if let name = unsafe fdt_get_name(tree.baseAddress, offset, nil) {
          result.append((unsafe String(cString: name), Node(offset: offset)))
        }
        offset = unsafe fdt_next_subnode(tree.baseAddress, offset)
      }
      return result
    }
  }

  // MARK: Properties

  /// Where a property's value lies in `bytes`, and so in the file.
  public func place(of property: String, in node: Node) -> Range<Int>? {
    unsafe bytes.withUnsafeBytes { tree in
      var count: Int32 = 0
      guard let base = tree.baseAddress,
        let value = unsafe fdt_getprop(base, node.offset, property, &count), count >= 0
      else { return nil }
      let start = unsafe value - base
      return start..<start + Int(count)
    }
  }

  /// The first string of a property; nil if it has none or is not text.
  public func string(_ property: String, in node: Node) -> String? {
    guard let place = place(of: property, in: node), let end = bytes[place].firstIndex(of: 0) else { return nil }
    return String(validating: bytes[place.lowerBound..<end], as: UTF8.self)
  }

  /// A property of one or two cells.
  public func number(_ property: String, in node: Node) -> UInt64? {
    guard let place = place(of: property, in: node), place.count == 4 || place.count == 8 else { return nil }
    return bytes[place].reduce(0) { $0 << 8 | UInt64($1) }
  }
}
