/// A US keyboard: which keys type what, in the scan codes that guests read (set 1).
enum KeyboardLayout {
  /// The letters of scan code 02 and on, without and with shift; a NUL where a key types nothing.
  private static let plain = Array("1234567890-=\0\0qwertyuiop[]\0\0asdfghjkl;'`\0\\zxcvbnm,./\0\0\0 ")
  private static let shifted = Array("!@#$%^&*()_+\0\0QWERTYUIOP{}\0\0ASDFGHJKL:\"~\0|ZXCVBNM<>?\0\0\0 ")

  private static let names: [String: [UInt8]] = {
    var names: [String: [UInt8]] = [
      "esc": [0x01], "backspace": [0x0E], "tab": [0x0F], "ret": [0x1C], "enter": [0x1C], "space": [0x39],
      "home": [0xE0, 0x47], "up": [0xE0, 0x48], "pgup": [0xE0, 0x49], "left": [0xE0, 0x4B], "right": [0xE0, 0x4D],
      "end": [0xE0, 0x4F], "down": [0xE0, 0x50], "pgdn": [0xE0, 0x51], "ins": [0xE0, 0x52], "del": [0xE0, 0x53],
      "f11": [0x57], "f12": [0x58],
    ]
    for number in UInt8(1)...10 { names["f\(number)"] = [0x3A + number] }
    return names
  }()
  private static let held: [String: UInt8] = ["ctrl": 0x1D, "alt": 0x38, "shift": 0x2A]

  /// Down and up again, with other keys held down.
  private static func press(_ key: [UInt8], holding held: [UInt8] = []) -> [UInt8] {
    func release(_ codes: [UInt8]) -> [UInt8] { codes.map { $0 == 0xE0 ? $0 : $0 | 0x80 } }
    return held + key + release(key) + release(held.reversed())
  }

  /// What types a letter; nil if no key does.
  static func press(_ letter: Character) -> [UInt8]? {
    guard letter != "\0" else { return nil }
    if let index = plain.firstIndex(of: letter) { return press([UInt8(index + 2)]) }
    if let index = shifted.firstIndex(of: letter) { return press([UInt8(index + 2)], holding: [0x2A]) }
    return letter == "\t" ? press([0x0F]) : nil
  }

  /// A key by its name or its letter, perhaps with others before it: `ctrl-alt-del`.
  static func press(named name: String) -> [UInt8]? {
    var keys: [UInt8] = []
    var rest = name[...]
    while let hyphen = rest.dropLast().firstIndex(of: "-"), let code = held[rest[..<hyphen].lowercased()] {
      guard !keys.contains(code) else { return nil }
      keys.append(code)
      rest = rest[rest.index(after: hyphen)...]
    }
    if let key = names[rest.lowercased()] { return press(key, holding: keys) }
    guard rest.count == 1, let letter = rest.first, let index = plain.firstIndex(of: letter), letter != "\0" else { return nil }
    return press([UInt8(index + 2)], holding: keys)
  }
}
