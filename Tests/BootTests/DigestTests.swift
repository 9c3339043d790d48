import Testing

@testable import Boot

/// The hashes of some bytes as an image's nodes carry them.
enum Hashes {
  static func of(_ bytes: [UInt8]) throws -> [(algorithm: String, value: [UInt8]?)] {
    try Digest.names.map { name in
      var digest = try #require(Digest(name))
      digest.update(bytes)
      return (name, digest.finish())
    }
  }
}

@Suite struct DigestTests {
  private func text(_ bytes: [UInt8]) -> String {
    bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }

  /// FIPS 180-4's own examples, and the check value of the CRC.
  @Test(arguments: [
    ("crc32", "123456789", "cbf43926"), ("crc32", "", "00000000"),
    ("sha1", "abc", "a9993e364706816aba3e25717850c26c9cd0d89d"),
    ("sha1", "", "da39a3ee5e6b4b0d3255bfef95601890afd80709"),
    ("sha1", "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", "84983e441c3bd26ebaae4aa1f95129e5e54670f1"),
    ("sha256", "abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
    ("sha256", "", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
    (
      "sha256", "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
      "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
    ),
  ])
  func knownAnswers(name: String, message: String, answer: String) throws {
    var digest = try #require(Digest(name))
    digest.update(Array(message.utf8))
    #expect(text(digest.finish()) == answer)
  }

  @Test("the pieces in which data arrive do not matter", arguments: Digest.names)
  func pieces(name: String) throws {
    let bytes = (0..<300).map { UInt8(truncatingIfNeeded: $0 * 7) }
    var whole = try #require(Digest(name))
    whole.update(bytes)
    let answer = whole.finish()
    for size in [1, 55, 56, 63, 64, 65, 128] {
      var digest = try #require(Digest(name))
      for start in stride(from: 0, to: bytes.count, by: size) {
        digest.update(Array(bytes[start..<min(start + size, bytes.count)]))
      }
      #expect(digest.finish() == answer)
    }
  }
}
