/// The formats in which kernels come packed.
public enum Compression: CaseIterable, Sendable {
  case gzip
  /// Legacy frames.
  case lz4
  case xz
  case zstd

  private var magic: [UInt8] {
    switch self {
    case .gzip: [0x1F, 0x8B]
    case .lz4: [0x02, 0x21, 0x4C, 0x18]
    case .xz: [0xFD, 0x37, 0x7A, 0x58, 0x5A, 0x00]
    case .zstd: [0x28, 0xB5, 0x2F, 0xFD]
    }
  }

  /// By a file's first bytes.
  public init?(_ bytes: some Sequence<UInt8>) {
    guard let match = Self.allCases.first(where: { bytes.starts(with: $0.magic) }) else { return nil }
    self = match
  }

  func makeCodec() -> (any Codec)? {
    switch self {
    case .gzip: InflateStream(.gzip)
    case .lz4: LZ4Stream()
    case .xz: XZStream()
    case .zstd: ZstdStream()
    }
  }

  /// How much is unpacked at a time: LZ4 knows only whole blocks.
  var chunk: Int { self == .lz4 ? LZ4Stream.blockSize : 1 << 18 }
}
