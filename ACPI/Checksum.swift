/// The byte that makes a table's bytes add up to zero.
enum Checksum {
  static func of(_ bytes: some Sequence<UInt8>) -> UInt8 { 0 &- bytes.reduce(0, &+) }
}
