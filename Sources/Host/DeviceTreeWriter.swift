import CFDT

/// Makes a flattened device tree, node by node.
public struct DeviceTreeWriter {
  /// The most that a tree of ours needs, by far.
  private static let capacity = 1 << 16

  private var buffer: [UInt8]
  private var isSound = true

  /// Begins the root node.
  public init() {
    buffer = [UInt8](repeating: 0, count: Self.capacity)
    unsafe call { unsafe fdt_create($0, Int32(Self.capacity)) }
    unsafe call { unsafe fdt_finish_reservemap($0) }
    unsafe call { unsafe fdt_begin_node($0, "") }
  }

  private mutating func call(_ body: (UnsafeMutableRawPointer?) -> Int32) {
    let code = unsafe buffer.withUnsafeMutableBytes { unsafe body($0.baseAddress) }
    if code != 0 { isSound = false }
  }

  /// A child of the node that is being written; `body` writes what is in it.
  public mutating func node(_ name: String, _ body: (inout DeviceTreeWriter) -> Void) {
    unsafe call { unsafe fdt_begin_node($0, name) }
    body(&self)
    unsafe call { unsafe fdt_end_node($0) }
  }

  public mutating func set(_ property: String, bytes: [UInt8]) {
    unsafe call { tree in
      unsafe bytes.withUnsafeBytes { unsafe fdt_property(tree, property, $0.baseAddress, Int32(bytes.count)) }
    }
  }

  /// A property without a value: it is there.
  public mutating func set(_ property: String) { set(property, bytes: []) }

  public mutating func set(_ property: String, _ cells: UInt32...) { set(property, cells) }

  public mutating func set(_ property: String, _ cells: [UInt32]) {
    set(property, bytes: cells.flatMap { cell in (0..<4).map { UInt8(truncatingIfNeeded: cell >> (24 - 8 * UInt32($0))) } })
  }

  public mutating func set(_ property: String, _ strings: String...) { set(property, strings) }

  public mutating func set(_ property: String, _ strings: [String]) {
    set(property, bytes: strings.flatMap { Array($0.utf8) + [0] })
  }

  /// Ends the root node. Nil if the tree did not fit.
  public consuming func finish() -> [UInt8]? {
    unsafe call { unsafe fdt_end_node($0) }
    unsafe call { unsafe fdt_finish($0) }
    guard isSound else { return nil }
    let size = buffer[4..<8].reduce(0) { $0 << 8 | Int($1) }
    return Array(buffer.prefix(size))
  }
}
