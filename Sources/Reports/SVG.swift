/// A picture of boxes, lines and words, in the letters that every browser has.
struct SVG {
  typealias Point = (x: Double, y: Double)

  private var elements = ""
  private let head: String

  init(width: Int, height: Int) {
    head =
      "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"\(width)\" height=\"\(height)\" viewBox=\"0 0 \(width) \(height)\" font-family=\"DejaVu Sans Mono, Menlo, Consolas, monospace\">\n<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n"
  }

  var document: String { head + elements + "</svg>\n" }

  /// - Parameter hint: what a reader sees who points to it.
  mutating func box(at place: Point, size: Point, color: String, hint: String? = nil) {
    let title = hint.map { "<title>\(XML.escaped($0))</title>" } ?? ""
    elements += "<rect x=\"\(Self.text(place.x))\" y=\"\(Self.text(place.y))\" width=\"\(Self.text(size.x))\" height=\"\(Self.text(size.y))\" fill=\"\(color)\""
    elements += title.isEmpty ? "/>\n" : ">\(title)</rect>\n"
  }

  mutating func line(from start: Point, to end: Point, color: String) {
    elements += "<line x1=\"\(Self.text(start.x))\" y1=\"\(Self.text(start.y))\" x2=\"\(Self.text(end.x))\" y2=\"\(Self.text(end.y))\" stroke=\"\(color)\"/>\n"
  }

  /// - Parameter anchor: which part of the text is there: start, middle or end.
  mutating func text(_ text: String, at place: Point, size: Int, color: String = "#111", weight: String = "normal", anchor: String = "start") {
    elements +=
      "<text x=\"\(Self.text(place.x))\" y=\"\(Self.text(place.y))\" font-size=\"\(size)\" fill=\"\(color)\" font-weight=\"\(weight)\" text-anchor=\"\(anchor)\">\(XML.escaped(text))</text>\n"
  }

  /// As many letters as there is room for.
  static func shortened(_ name: String, _ letters: Int) -> String { name.count <= letters ? name : name.prefix(max(letters - 2, 0)) + ".." }

  /// Two digits behind the point are finer than any screen.
  private static func text(_ number: Double) -> String { "\((number * 100).rounded() / 100)" }
}
