import Glibc

/// How long and from where `scripts/fuzz-cpu` wants the random tests to run; in the suite they are short and fixed.
enum FuzzSettings {
  static var seconds: UInt64? { number("FUZZ_SECONDS") }
  static var seed: UInt64 { number("FUZZ_SEED") ?? 1 }

  /// How often to repeat what the suite does so many times.
  static func rounds(_ count: Int) -> Int { count * Int(clamping: max(seconds ?? 1, 1)) }

  private static func number(_ name: String) -> UInt64? {
    guard let text = unsafe getenv(name) else { return nil }
    return unsafe UInt64(String(cString: text))
  }
}
