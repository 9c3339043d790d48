/// An area of XSAVE: which components of the state it has room for, as bits of XCR0, and where each of them lies.
struct ExtendedArea {
  static let x87: UInt64 = 1
  static let sse: UInt64 = 2
  static let avx: UInt64 = 4
  /// PKRU.
  static let keys: UInt64 = 1 << 9

  /// Those that concern the vector unit; AVX where the host has it.
  static let vectors: UInt64 = VectorStubs.shared.hasAVX2 ? x87 | sse | avx : x87 | sse
  /// All that exist here. Without AVX there is no XSAVE.
  static let components: UInt64 = VectorStubs.shared.hasAVX2 ? vectors | keys : vectors
  /// An area in the standard format.
  static let standard = ExtendedArea(compactedFor: components)

  static let legacySize = 512
  static let headerSize = 64
  /// The upper halves of the YMM registers are first behind the header, in both formats.
  static let upperOffset = legacySize + headerSize
  static let upperSize = 256
  static let keysSize = 8

  private let room: UInt64

  init(compactedFor room: UInt64) { self.room = room }

  var keysOffset: Int { Self.upperOffset + (room & Self.avx != 0 ? Self.upperSize : 0) }

  /// How much of the area some components need.
  func size(for components: UInt64) -> Int {
    if components & Self.keys != 0 { return keysOffset + Self.keysSize }
    return Self.upperOffset + (components & Self.avx != 0 ? Self.upperSize : 0)
  }
}
