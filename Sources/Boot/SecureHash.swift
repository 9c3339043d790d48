import Primitives

/// SHA-1 and SHA-256 (FIPS 180-4), against accidents and tampering with a stored image.
struct SecureHash {
  enum Kind { case sha1, sha256 }

  private let kind: Kind
  private var state: [UInt32]
  private var pending: [UInt8] = []
  private var byteCount: UInt64 = 0
  private var schedule: [UInt32]

  init(_ kind: Kind) {
    self.kind = kind
    switch kind {
    case .sha1:
      state = [0x6745_2301, 0xEFCD_AB89, 0x98BA_DCFE, 0x1032_5476, 0xC3D2_E1F0]
      schedule = [UInt32](repeating: 0, count: 80)
    case .sha256:
      state = [
        0x6A09_E667, 0xBB67_AE85, 0x3C6E_F372, 0xA54F_F53A, 0x510E_527F, 0x9B05_688C, 0x1F83_D9AB, 0x5BE0_CD19,
      ]
      schedule = [UInt32](repeating: 0, count: 64)
    }
  }

  mutating func update(_ bytes: [UInt8]) {
    byteCount &+= UInt64(bytes.count)
    var start = 0
    if !pending.isEmpty {
      start = min(64 - pending.count, bytes.count)
      pending += bytes[..<start]
      guard pending.count == 64 else { return }
      add(pending, at: 0)
      pending = []
    }
    while start + 64 <= bytes.count {
      add(bytes, at: start)
      start += 64
    }
    pending += bytes[start...]
  }

  consuming func finish() -> [UInt8] {
    let bits = byteCount &* 8
    let zeroes = (119 - pending.count) % 64
    let length = (0..<8).map { UInt8(truncatingIfNeeded: bits >> (56 - 8 * UInt64($0))) }
    update([0x80] + [UInt8](repeating: 0, count: zeroes) + length)
    return state.flatMap { word in (0..<4).map { UInt8(truncatingIfNeeded: word >> (24 - 8 * UInt32($0))) } }
  }

  private mutating func add(_ bytes: [UInt8], at start: Int) {
    for i in 0..<16 {
      let place = start + 4 * i
      schedule[i] =
        UInt32(bytes[place]) << 24 | UInt32(bytes[place + 1]) << 16 | UInt32(bytes[place + 2]) << 8
        | UInt32(bytes[place + 3])
    }
    switch kind {
    case .sha1: mix1()
    case .sha256: mix256()
    }
  }

  private static func rotate(_ value: UInt32, left count: UInt32) -> UInt32 { value << count | value >> (32 - count) }
  private static func rotate(_ value: UInt32, right count: UInt32) -> UInt32 { value >> count | value << (32 - count) }

  private mutating func mix1() {
    for i in 16..<80 {
      schedule[i] = Self.rotate(schedule[i - 3] ^ schedule[i - 8] ^ schedule[i - 14] ^ schedule[i - 16], left: 1)
    }
    var (a, b, c, d, e) = (state[0], state[1], state[2], state[3], state[4])
    for i in 0..<80 {
      let (choice, constant): (UInt32, UInt32) =
        switch i {
        case ..<20: (b & c | ~b & d, 0x5A82_7999)
        case ..<40: (b ^ c ^ d, 0x6ED9_EBA1)
        case ..<60: (b & c | b & d | c & d, 0x8F1B_BCDC)
        default: (b ^ c ^ d, 0xCA62_C1D6)
        }
      let next = Self.rotate(a, left: 5) &+ choice &+ e &+ constant &+ schedule[i]
      (e, d, c, b, a) = (d, c, Self.rotate(b, left: 30), a, next)
    }
    for (i, word) in [a, b, c, d, e].enumerated() { state[i] &+= word }
  }

  private mutating func mix256() {
    for i in 16..<64 {
      let (early, late) = (schedule[i - 15], schedule[i - 2])
      let first = Self.rotate(early, right: 7) ^ Self.rotate(early, right: 18) ^ early >> 3
      let second = Self.rotate(late, right: 17) ^ Self.rotate(late, right: 19) ^ late >> 10
      schedule[i] = schedule[i - 16] &+ first &+ schedule[i - 7] &+ second
    }
    var (a, b, c, d) = (state[0], state[1], state[2], state[3])
    var (e, f, g, h) = (state[4], state[5], state[6], state[7])
    for i in 0..<64 {
      let sum1 = Self.rotate(e, right: 6) ^ Self.rotate(e, right: 11) ^ Self.rotate(e, right: 25)
      let first = h &+ sum1 &+ (e & f ^ ~e & g) &+ Self.constants[i] &+ schedule[i]
      let sum0 = Self.rotate(a, right: 2) ^ Self.rotate(a, right: 13) ^ Self.rotate(a, right: 22)
      let second = sum0 &+ (a & b ^ a & c ^ b & c)
      (h, g, f, e) = (g, f, e, d &+ first)
      (d, c, b, a) = (c, b, a, first &+ second)
    }
    for (i, word) in [a, b, c, d, e, f, g, h].enumerated() { state[i] &+= word }
  }

  /// The first 32 bits of the fractional parts of the cube roots of the first 64 primes.
  private static let constants: [UInt32] = [
    0x428A_2F98, 0x7137_4491, 0xB5C0_FBCF, 0xE9B5_DBA5, 0x3956_C25B, 0x59F1_11F1, 0x923F_82A4, 0xAB1C_5ED5,
    0xD807_AA98, 0x1283_5B01, 0x2431_85BE, 0x550C_7DC3, 0x72BE_5D74, 0x80DE_B1FE, 0x9BDC_06A7, 0xC19B_F174,
    0xE49B_69C1, 0xEFBE_4786, 0x0FC1_9DC6, 0x240C_A1CC, 0x2DE9_2C6F, 0x4A74_84AA, 0x5CB0_A9DC, 0x76F9_88DA,
    0x983E_5152, 0xA831_C66D, 0xB003_27C8, 0xBF59_7FC7, 0xC6E0_0BF3, 0xD5A7_9147, 0x06CA_6351, 0x1429_2967,
    0x27B7_0A85, 0x2E1B_2138, 0x4D2C_6DFC, 0x5338_0D13, 0x650A_7354, 0x766A_0ABB, 0x81C2_C92E, 0x9272_2C85,
    0xA2BF_E8A1, 0xA81A_664B, 0xC24B_8B70, 0xC76C_51A3, 0xD192_E819, 0xD699_0624, 0xF40E_3585, 0x106A_A070,
    0x19A4_C116, 0x1E37_6C08, 0x2748_774C, 0x34B0_BCB5, 0x391C_0CB3, 0x4ED8_AA4A, 0x5B9C_CA4F, 0x682E_6FF3,
    0x748F_82EE, 0x78A5_636F, 0x84C8_7814, 0x8CC7_0208, 0x90BE_FFFA, 0xA450_6CEB, 0xBEF9_A3F7, 0xC671_78F2,
  ]
}
