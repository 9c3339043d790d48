/// A picture of a timeline: a row for each phase and for each of the longest initcalls, and a line down through all of them for
/// what happened once.
public struct TimelinePicture {
  private static let width = 1280.0
  /// Where the names end and the bars begin, and where these end and the numbers begin.
  private static let (left, right) = (340.0, 980.0)
  private static let rowHeight = 22.0
  private static let most = 24
  /// What is shorter, in seconds, is not worth a row.
  private static let shortest = 0.0005
  private static let colors = ["#9e9e9e", "#b0926a", "#c98bbd", "#e8743b", "#f2a541", "#5b9bd5", "#3fa45b", "#7a7a7a"]

  private let timeline: Timeline
  private let title: String
  private let initcalls: [Timeline.Span]

  public init(_ timeline: Timeline, title: String) {
    (self.timeline, self.title) = (timeline, title)
    initcalls = timeline.longestInitcalls(Self.most).filter { $0.end - $0.start >= Self.shortest }
  }

  private func x(_ seconds: Double) -> Double {
    Self.left + (timeline.end.seconds > 0 ? min(max(seconds, 0), timeline.end.seconds) / timeline.end.seconds : 0) * (Self.right - Self.left)
  }

  public var svg: String {
    let parts = timeline.parts
    let marks = timeline.marks.sorted { $0.seconds < $1.seconds }
    let top = 84.0 + 16 * Double(marks.count)
    let bottom = top + Self.rowHeight * Double(parts.count + (initcalls.isEmpty ? 0 : initcalls.count + 2)) + 8
    var picture = SVG(width: Int(Self.width), height: Int(bottom) + 40)
    picture.text(SVG.shortened(title, 110), at: (12, 26), size: 17, weight: "bold")
    picture.text(summary, at: (12, 48), size: 12, color: "#555")
    drawScale(from: top, to: bottom, into: &picture)
    for (number, mark) in marks.enumerated() {
      let y = 76 + 16 * Double(number)
      picture.line(from: (x(mark.seconds), y - 8), to: (x(mark.seconds), bottom), color: "#c0392b")
      let isLate = x(mark.seconds) > (Self.left + Self.right) / 2
      picture.text(
        "\(mark.name), \(Self.time(mark.seconds))", at: (x(mark.seconds) + (isLate ? -5 : 5), y), size: 11, color: "#c0392b", anchor: isLate ? "end" : "start")
    }
    for (column, name) in [(1060.0, "seconds"), (1150, "CPU seconds"), (1260, "accesses")] {
      picture.text(name, at: (column, top - 8), size: 11, color: "#555", anchor: "end")
    }
    var y = top
    for part in parts {
      let color = Timeline.Phase.allCases.firstIndex(of: part.phase).map { Self.colors[$0] } ?? "#000"
      row(part.phase.rawValue, part.start, part.start + part.used.seconds, color, at: y, into: &picture)
      for (column, value) in [
        (1060.0, Self.digits(part.used.seconds)), (1150, Self.digits(part.used.processorSeconds)), (1260, "\(part.used.accesses)"),
      ] { picture.text(value, at: (column, y + 15), size: 12, anchor: "end") }
      y += Self.rowHeight
    }
    guard !initcalls.isEmpty else { return picture.document }
    picture.text("initcalls that took longest", at: (Self.left - 10, y + Self.rowHeight + 15), size: 12, weight: "bold", anchor: "end")
    y += 2 * Self.rowHeight
    for span in initcalls {
      row(span.name, span.start, span.end, Self.colors[4], at: y, into: &picture)
      picture.text(Self.time(span.end - span.start), at: (x(span.end) + 5, y + 15), size: 11, color: "#555")
      y += Self.rowHeight
    }
    return picture.document
  }

  private var summary: String {
    "From the start of swboot to its end: \(Self.time(timeline.end.seconds)), \(Self.digits(timeline.end.processorSeconds)) CPU seconds of the host, \(timeline.end.accesses) accesses of the guest to its devices."
  }

  /// Lines at round times, of which there are not too many.
  private func drawScale(from top: Double, to bottom: Double, into picture: inout SVG) {
    let steps = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 60, 120, 300, 600, 1800, 3600]
    let step = steps.first { timeline.end.seconds / $0 <= 10 } ?? timeline.end.seconds
    guard step > 0 else { return }
    var (number, time) = (0, 0.0)
    while time <= timeline.end.seconds, number <= 20 {
      picture.line(from: (x(time), top), to: (x(time), bottom), color: "#e2e2e2")
      picture.text(Self.time(time), at: (x(time), bottom + 18), size: 11, color: "#555", anchor: "middle")
      number += 1
      time = Double(number) * step
    }
  }

  private func row(_ name: String, _ start: Double, _ end: Double, _ color: String, at y: Double, into picture: inout SVG) {
    picture.text(SVG.shortened(name, 42), at: (Self.left - 10, y + 15), size: 12, anchor: "end")
    picture.box(
      at: (x(start), y + 3), size: (max(x(end) - x(start), 1), Self.rowHeight - 6), color: color, hint: "\(name): from \(Self.time(start)), for \(Self.time(end - start))")
  }

  // MARK: Numbers

  private static func time(_ seconds: Double) -> String { seconds == 0 ? "0" : seconds < 1 ? "\(Int((seconds * 1000).rounded())) ms" : "\(digits(seconds)) s" }

  /// With three digits behind the point.
  private static func digits(_ seconds: Double) -> String {
    let thousandths = seconds.isFinite ? Int((min(max(seconds, 0), 1e9) * 1000).rounded()) : 0
    let fraction = String(thousandths % 1000)
    return "\(thousandths / 1000)." + String(repeating: "0", count: 3 - fraction.count) + fraction
  }
}
