import Host
import Testing

/// What comes from outside and is shown in a message.
@Suite struct HarmlessTextTests {
  @Test(
    "A6 CO-04 what a terminal would obey is shown instead",
    arguments: [
      ("\u{1B}]0;title\u{7}", "\\u{1B}]0;title\\u{7}"), ("a\nb\r\t", "a\\u{A}b\\u{D}\\u{9}"), ("\u{9B}2J", "\\u{9B}2J"),
      ("abc\u{202E}fdp.exe", "abc\\u{202E}fdp.exe"), ("\u{2028}", "\\u{2028}"),
    ])
  func controls(text: String, shown: String) { #expect(text.harmless == shown) }

  @Test("letters of every script stay as they are")
  func letters() {
    let text = "Grüße, привет, 日本語, 👩‍🚀 é"
    #expect(text.harmless == text)
  }

  @Test("A11 of a very long text both ends are shown, and how much is between them")
  func long() {
    let shown = ("begin" + String(repeating: "x", count: 100_000) + "end").harmless
    #expect(shown.hasPrefix("beginx") && shown.hasSuffix("xend") && shown.utf8.count < 3000)
    #expect(shown.contains("[98008 characters]"))
  }
}
