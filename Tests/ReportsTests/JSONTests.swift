import Reports
import TestSupport
import Testing

@Suite("JSON that programs read")
struct JSONTests {
  private func read(_ text: String) -> JSON? { JSON(Array(text.utf8)) }

  @Test("a value is the same after it was written and read")
  func roundTrip() {
    let value = JSON.members(
      ("a", .null), ("b", .bool(true)), ("c", .integer(-7)), ("d", .number(0.25)), ("e", .string("x\"\\\n\t\u{1}\u{9B}é")),
      ("f", .array([])), ("g", .array([.object([]), .strings(["y"])])))
    #expect(read(value.document) == value)
  }

  @Test("what a terminal would obey is a number in the text, and no number is none")
  func text() {
    #expect(JSON.string("\u{1B}[2J").document == "\"\\u001b[2J\"\n")
    #expect(JSON.number(.nan).document == "null\n" && JSON.seconds(1.23456).document == "1.235\n")
    #expect(JSON.members(("a", .array([.integer(1)]))).document == "{\n  \"a\": [\n    1\n  ]\n}\n")
  }

  @Test("escaped characters are what they mean, in two halves, too")
  func escapes() {
    #expect(read("\"\\u00e9\\ud83d\\ude00\\/\\ud83d!\"")?.text == "é😀/\u{FFFD}!")
  }

  @Test(
    "what is not one value is nothing",
    arguments: ["", "{", "[1,]", "{\"a\" 1}", "{\"a\":1,}", "\"", "\"\\", "\"\\u12", "tru", "1 2", "+", "[1}", "{1:2}", "nul", "\u{0}"])
  func broken(_ text: String) { #expect(read(text) == nil) }

  @Test("depth without end is refused, and any bytes have an answer")
  func hostile() {
    #expect(read(String(repeating: "[", count: 1_000_000)) == nil)
    var chance = Chance(1)
    for _ in 0..<2000 { _ = JSON((0..<40).map { _ in Array("{}[]\",:\\u01aetnf-. \n".utf8)[chance.below(20)] }) }
  }
}
