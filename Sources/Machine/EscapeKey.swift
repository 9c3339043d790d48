/// Finds what is for swboot among the keys that are for the guest.
struct EscapeKey {
  /// Ctrl-a.
  static let key: UInt8 = 1

  private var isPressed = false

  /// What of these keys is for the guest; nil if the user wants the run to end.
  mutating func filter(_ keys: [UInt8]) -> [UInt8]? {
    var passed: [UInt8] = []
    for key in keys {
      switch (isPressed, key) {
      case (true, UInt8(ascii: "x")): return nil
      case (false, Self.key): isPressed = true
      case (true, Self.key):
        passed.append(key)
        isPressed = false
      case (true, _):
        passed += [Self.key, key]
        isPressed = false
      case (false, _): passed.append(key)
      }
    }
    return passed
  }
}
