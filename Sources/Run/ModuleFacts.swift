/// What a module says of itself: Linux puts a list of words and their values into each, with a NUL behind them.
struct ModuleFacts: Equatable {
  /// The modules that it needs.
  private(set) var needed: [String] = []
  /// What it drives, as the kernel asks for it: `fs-ext4`, `pci:v00001AF4d*`.
  private(set) var aliases: [String] = []
  /// Modules that are useful before or after it: `pre: crc32c`.
  private(set) var softDependencies: [String] = []

  private static let words = ["depends", "alias", "softdep"].map { Array("\0\($0)=".utf8) }

  init(_ content: [UInt8]) {
    var start = content.startIndex
    while let equals = content[start...].firstIndex(of: 0x3D) {
      start = equals + 1
      guard let word = Self.words.firstIndex(where: { content[..<start].hasSuffix($0) }) else { continue }
      let value = content[start...].prefix { $0 >= 0x20 && $0 < 0x7F }
      start = value.endIndex
      take(word, String(decoding: value, as: UTF8.self))
    }
  }

  private mutating func take(_ word: Int, _ value: String) {
    switch word {
    case 0: if needed.isEmpty { needed = value.split(separator: ",").map { ModuleTree.underscored($0) } }
    case 1: aliases.append(value)
    default: softDependencies.append(value)
    }
  }
}

extension ArraySlice<UInt8> {
  /// Whether it ends with these; where it begins counts as a NUL.
  fileprivate func hasSuffix(_ word: [UInt8]) -> Bool {
    suffix(word.count).elementsEqual(word) || elementsEqual(word.dropFirst())
  }
}
