internal import Primitives

/// A picture of a profile: each function as wide as the time that it was seen, above the one that called it.
public struct FlameGraph {
  /// A function, as it was called by those below it.
  private struct Frame {
    let name: String
    var count = 0
    /// By their names in order.
    var callees: [Frame] = []
  }

  private static let width = 1200.0
  private static let margin = 10.0
  private static let rowHeight = 17
  private static let header = 58
  /// Narrower frames cannot be seen.
  private static let narrowest = 0.2
  private static let letterWidth = 6.7

  private let root: Frame
  private let depth: Int
  private let title: String
  private let subtitle: String

  public init(_ profile: StackProfile, title: String) {
    var root = Frame(name: "all")
    var depth = 0
    for (names, count) in profile.stacks {
      depth = max(depth, names.count)
      Self.add(names[...], count, to: &root)
    }
    (self.root, self.depth, self.title) = (root, depth, title)
    subtitle =
      "\(profile.samples) looks at processors that worked; \(profile.rests) more found one that waited, and are left out. A function is as wide as its time, and stands on its caller."
  }

  /// Stacks come in the order of their names, so that what belongs together is there last.
  private static func add(_ names: ArraySlice<String>, _ count: Int, to frame: inout Frame) {
    frame.count += count
    guard let name = names.first else { return }
    if frame.callees.last?.name != name { frame.callees.append(Frame(name: name)) }
    add(names.dropFirst(), count, to: &frame.callees[frame.callees.count - 1])
  }

  // MARK: The picture

  public var svg: String {
    let height = Self.header + (depth + 1) * Self.rowHeight + Int(Self.margin)
    var picture = SVG(width: Int(Self.width), height: height)
    picture.text(SVG.shortened(title, 110), at: (Self.margin, 24), size: 17, weight: "bold")
    picture.text(subtitle, at: (Self.margin, 44), size: 11, color: "#555")
    draw(root, from: Self.margin, level: 0, height: height, into: &picture)
    return picture.document
  }

  private func draw(_ frame: Frame, from x: Double, level: Int, height: Int, into picture: inout SVG) {
    let wide = width(of: frame)
    guard wide >= Self.narrowest else { return }
    let y = Double(height - Int(Self.margin) - (level + 1) * Self.rowHeight)
    let tenths = Int((share(of: frame) * 1000).rounded())
    picture.box(
      at: (x, y), size: (wide, Double(Self.rowHeight - 1)), color: level == 0 ? "#d8d8d8" : Self.color(of: frame.name),
      hint: "\(frame.name): \(frame.count) of \(root.count) looks, \(tenths / 10).\(tenths % 10) %")
    let letters = Int((wide - 6) / Self.letterWidth)
    if letters >= 3 { picture.text(SVG.shortened(frame.name, letters), at: (x + 3, y + 12), size: 11) }
    var left = x
    for callee in frame.callees {
      draw(callee, from: left, level: level + 1, height: height, into: &picture)
      left += width(of: callee)
    }
  }

  private func share(of frame: Frame) -> Double { root.count > 0 ? Double(frame.count) / Double(root.count) : 0 }
  private func width(of frame: Frame) -> Double { share(of: frame) * (Self.width - 2 * Self.margin) }

  /// The same function always has the same color; programs are blue, modules green, and what has no name is gray.
  private static func color(of name: String) -> String {
    let shade = name.utf8.reduce(0) { ($0 &* 31 &+ Int($1)) & 0xFFFF } % 48
    func color(_ red: Int, _ green: Int, _ blue: Int) -> String { "rgb(\(red),\(green),\(blue))" }
    if name == StackNames.program { return color(130, 170, 230) }
    if name.hasPrefix("[") { return color(190, 190, 190) }
    if name.hasSuffix("]") { return color(120 + shade, 200, 120) }
    return color(235 + shade / 3, 130 + 2 * shade, 60 + shade / 2)
  }
}
