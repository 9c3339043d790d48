/// A driver of the kernel in a file of its own.
struct Module: Equatable {
  let name: String
  let content: [UInt8]

  /// The modules that it says it needs. Linux puts a list of words and their values into each, with a NUL behind them.
  var needed: [String] {
    let word = Array("depends=".utf8)
    var start = content.startIndex
    while let next = content[start...].firstIndex(of: word[0]) {
      start = next + 1
      guard next == 0 || content[next - 1] == 0, content[next...].starts(with: word) else { continue }
      let value = content[(next + word.count)...].prefix { $0 > 0x20 && $0 < 0x7F }
      return String(decoding: value, as: UTF8.self).split(separator: ",").map { String($0.map { $0 == "-" ? "_" : $0 }) }
    }
    return []
  }
}
