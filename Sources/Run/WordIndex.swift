internal import Primitives

/// Words with what they lead to, in the form in which `modprobe` of kmod looks them up: a tree of the words' letters, in which
/// words that begin alike have their beginning once.
struct WordIndex {
  private struct Entry {
    let word: [UInt8]
    let value: [UInt8]
    let priority: UInt32
  }

  private static let magic: UInt32 = 0xB007_F457
  private static let version: UInt32 = 0x0002_0001
  /// What a branch has, in the upper bits of its place.
  private static let (prefixFlag, valuesFlag, branchesFlag): (UInt32, UInt32, UInt32) = (1 << 31, 1 << 30, 1 << 29)
  /// Branches are not deeper than a word is long.
  private static let longestWord = 1024

  private var entries: [Entry] = []

  /// Of several values of a word the one that was added first comes first. A word that is none leads nowhere.
  mutating func add(_ word: String, _ value: String) {
    let letters = Array(word.utf8)
    guard letters.count <= Self.longestWord, letters.allSatisfy({ $0 > 0 && $0 < 0x80 }) else { return }
    entries.append(Entry(word: letters, value: Array(value.utf8), priority: UInt32(truncatingIfNeeded: entries.count)))
  }

  var bytes: [UInt8] {
    var bytes: [UInt8] = []
    for number in [Self.magic, Self.version, 0] { bytes.append(bigEndian: number) }
    let sorted = entries.sorted { $0.word == $1.word ? $0.priority < $1.priority : $0.word.lexicographicallyPrecedes($1.word) }
    let root = sorted.isEmpty ? 0 : Self.write(sorted[...], from: 0, to: &bytes)
    bytes.store(root.bigEndian, at: 8)
    return bytes
  }

  /// Writes all branches of words that are the same up to a letter, those further out first; where the branch is, with its flags.
  private static func write(_ entries: ArraySlice<Entry>, from start: Int, to bytes: inout [UInt8]) -> UInt32 {
    guard let first = entries.first?.word, let last = entries.last?.word else { return 0 }
    let same = zip(first[start...], last[start...]).prefix { $0 == $1 }.count
    let end = start + same
    // In order the shortest come first.
    let values = entries.prefix { $0.word.count == end }
    var branches: [(letter: UInt8, place: UInt32)] = []
    var rest = entries.dropFirst(values.count)
    while let letter = rest.first?.word[end] {
      let branch = rest.prefix { $0.word[end] == letter }
      branches.append((letter, write(branch, from: end + 1, to: &bytes)))
      rest = rest.dropFirst(branch.count)
    }

    var place = UInt32(truncatingIfNeeded: bytes.count)
    if same > 0 {
      place |= prefixFlag
      bytes += first[start..<end] + [0]
    }
    if let low = branches.first?.letter, let high = branches.last?.letter {
      place |= branchesFlag
      bytes += [low, high]
      for letter in low...high { bytes.append(bigEndian: branches.first { $0.letter == letter }?.place ?? 0) }
    }
    if !values.isEmpty {
      place |= valuesFlag
      bytes.append(bigEndian: UInt32(truncatingIfNeeded: values.count))
      for entry in values {
        bytes.append(bigEndian: entry.priority)
        bytes += entry.value + [0]
      }
    }
    return place
  }
}

extension [UInt8] {
  fileprivate mutating func append(bigEndian number: UInt32) { append(littleEndian: number.bigEndian) }
}
