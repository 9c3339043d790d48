import Host
import Primitives

/// A checksum or hash that an image gives for its data.
enum Digest {
  case crc32(Checksum)
  case sha1(SecureHash)
  case sha256(SecureHash)

  /// Those that can be checked, by the names that images use.
  static let names = ["crc32", "sha1", "sha256"]

  init?(_ name: String) {
    switch name {
    case "crc32": self = .crc32(Checksum())
    case "sha1": self = .sha1(SecureHash(.sha1))
    case "sha256": self = .sha256(SecureHash(.sha256))
    default: return nil
    }
  }

  mutating func update(_ bytes: [UInt8]) {
    switch self {
    case .crc32(var sum):
      sum.update(bytes)
      self = .crc32(sum)
    case .sha1(var hash):
      hash.update(bytes)
      self = .sha1(hash)
    case .sha256(var hash):
      hash.update(bytes)
      self = .sha256(hash)
    }
  }

  consuming func finish() -> [UInt8] {
    switch self {
    case .crc32(let sum): (0..<4).map { UInt8(truncatingIfNeeded: sum.value >> (24 - 8 * UInt32($0))) }
    case .sha1(let hash), .sha256(let hash): hash.finish()
    }
  }
}
