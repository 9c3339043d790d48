import Testing

@testable import Machine

@Suite("Output without escape sequences")
struct PlainTextTests {
  private func filtered(_ text: String) -> String {
    var filter = PlainText()
    return String(decoding: Array(text.utf8).flatMap { filter.filter($0) }, as: UTF8.self)
  }

  @Test("text, in any language, and line ends stay")
  func text() {
    let text = "[    1.0] Linux \u{E9}\u{4E2D}\u{1F600}\u{A0}\r\n\tok\u{8}\n"
    #expect(filtered(text) == text)
  }

  @Test("colours and cursor movements go")
  func sequences() {
    #expect(filtered("\u{1B}[1;31mred\u{1B}[0m \u{1B}[2J\u{1B}(Bplain\u{1B}c\u{7}\u{7F}") == "red plain")
  }

  @Test(
    "CO-04 commands to the terminal go: clipboard, title, questions it would answer",
    arguments: [
      "\u{1B}]52;c;cm0gLXJm\u{7}", "\u{1B}]0;title\u{1B}\\", "\u{1B}P$qm\u{1B}\\", "\u{1B}[21t", "\u{1B}[c", "\u{1B}[6n",
      "\u{9D}52;c;cm0\u{9C}", "\u{9B}5n", "\u{1B}_x\u{1B}\\", "\u{1B}^x\u{7}", "\u{1B}Xx\u{1B}\\",
    ])
  func commands(sequence: String) {
    #expect(filtered("a\(sequence)b") == "ab")
  }

  @Test("CO-04 a sequence that never ends takes its line with it, and no more")
  func endless() {
    #expect(filtered("a\u{1B}]52;never\nnext") == "a\nnext")
    #expect(filtered("a\u{1B}[12\nnext") == "a\nnext")
    #expect(filtered("a\u{1B}") == "a")
  }
}
