import CFDT

/// A flattened device tree that was checked from end to end.
@safe public final class DeviceTree {
  public enum Flaw: Error, Equatable, Sendable {
    case header
    case structure
    case tooDeep
  }

  /// Deeper than any real tree.
  public static let depthLimit: Int32 = 64

  /// The tree without what may follow it in its file.
  public let bytes: [UInt8]

  public init(_ file: [UInt8]) throws(Flaw) {
    guard file.count >= 40, file.starts(with: [0xD0, 0x0D, 0xFE, 0xED]) else { throw .header }
    let total = file[4..<8].reduce(0) { $0 << 8 | Int($1) }
    guard total >= 40, total <= file.count else { throw .header }
    bytes = Array(file[..<total])
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
}
