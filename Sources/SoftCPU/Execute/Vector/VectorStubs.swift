internal import CLinux
internal import Glibc
import Synchronization

/// Host code that executes one vector instruction on a core's state, made on first use and kept.
///
/// Registers are always the same in the host's copy of an instruction, so there are less than a hundred thousand
/// instructions a guest can ask for, and the store has room for all of them: code is at least 128 bytes apart, so the
/// table is never more than half full.
@safe final class VectorStubs: Sendable {
  static let shared = VectorStubs()

  /// Calls with the core's block and the places of the `reg` operand, the `rm` operand, perhaps in memory, and the
  /// register in VEX.vvvv.
  typealias Entry = @convention(c) (
    UnsafeMutableRawPointer, UnsafeMutableRawPointer, UnsafeMutableRawPointer, UnsafeMutableRawPointer
  ) -> Void

  private static let slotBits: UInt32 = 18
  private static let slots = 1 << Int(slotBits)
  static let size = 1 << 24
  static let spacing = 128
  private let memory: ExecutableMemory?
  /// Open addressing; a word is the key in its upper and the offset + 1 in its lower half.
  nonisolated(unsafe) private let table: UnsafeMutablePointer<UInt64>
  private let used = Mutex(0)
  /// CPUID.1:ECX of the host, with bit 31 set.
  let features: UInt32
  /// Whether the host's system has enabled XSAVE and XRSTOR.
  var hasXSAVE: Bool { features >> 27 & 1 != 0 }
  /// Whether the host has all that x86-64-v3 asks of it.
  let hasAVX2: Bool

  private init() {
    // Zeros that take no memory until a word is written.
    unsafe table = calloc(Self.slots, 8).assumingMemoryBound(to: UInt64.self)
    memory = ExecutableMemory(size: Self.size)
    features = linux_cpuid_ecx(1) | 1 << 31
    hasAVX2 = linux_has_avx2() != 0
  }

  deinit { unsafe free(table) }

  /// The address of a key's code, made by `build` if nobody needed it before; nil if there is no executable memory.
  func place(_ key: UInt32, _ build: () -> HostCode) -> UInt64? {
    guard let memory, let offset = unsafe Self.find(key, in: table) ?? make(key, build()) else { return nil }
    return unsafe UInt64(UInt(bitPattern: memory.start + offset))
  }

  /// The offset of a key's code.
  @unsafe private static func find(_ key: UInt32, in table: UnsafeMutablePointer<UInt64>) -> Int? {
    let word = unsafe guest_load64(table + slot(key, in: table))
    return word == 0 ? nil : Int(UInt32(truncatingIfNeeded: word) &- 1)
  }

  /// Where a key is, or where it belongs.
  @unsafe private static func slot(_ key: UInt32, in table: UnsafeMutablePointer<UInt64>) -> Int {
    var slot = Int((key &* 0x9E37_79B1) >> (32 - slotBits))
    while true {
      let word = unsafe guest_load64(table + slot)
      if word == 0 || UInt32(truncatingIfNeeded: word >> 32) == key { return slot }
      slot = (slot &+ 1) & (slots &- 1)
    }
  }

  /// Keeps the code for a key.
  private func make(_ key: UInt32, _ code: HostCode) -> Int? {
    guard let memory else { return nil }
    return used.withLock { used in
      if let offset = unsafe Self.find(key, in: table) { return offset }
      let offset = used
      guard memory.write(code.bytes, at: offset) else { return nil }
      used += (code.bytes.count + Self.spacing - 1) & ~(Self.spacing - 1)
      unsafe guest_store64(table + Self.slot(key, in: table), UInt64(key) << 32 | UInt64(offset + 1))
      return offset
    }
  }
}
