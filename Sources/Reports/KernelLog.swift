/// What a Linux kernel has said of itself on its console: which one it is, and what it has complained of.
///
/// What a guest writes takes a bounded part of memory: lines are cut, texts are, and of many complaints of a kind the first
/// are kept and the others are counted.
public struct KernelLog: Sendable {
  static let longestLine = 400
  static let longestText = 16 << 10
  static let keptOfAKind = 8
  /// What comes so much later belongs to something else.
  private static let longestPause = 1.0
  private static let mostBefore = 12

  private var line: [UInt8] = []
  /// Whether the kernel writes times: then lines without one are somebody else's.
  private var hasTimes = false
  /// Lines behind a mark that says that a complaint may follow; nil if there was no mark.
  private var before: [String]?
  private var current: Current?
  private var kept: [Complaint] = []
  /// As `uname -r` has it.
  public private(set) var release: String?
  /// How many there were of each kind.
  public private(set) var counts: [Complaint.Kind: Int] = [:]

  /// One that is still being written.
  private struct Current: Sendable {
    var complaint: Complaint
    var size = 0
    var last: Double?
    /// The processor's exception that it tells of has its line.
    var hasHeader: Bool
    /// It ends with a line that says so.
    var hasEnd: Bool
  }

  public init() {}

  /// In the order in which they came.
  public var complaints: [Complaint] { kept + (isKept(current?.complaint.kind) ? [current?.complaint].compactMap(\.self) : []) }

  /// Says more in each line of the complaints.
  public mutating func rewrite(_ better: (String) -> String) {
    for index in kept.indices { kept[index].lines = kept[index].lines.map(better) }
    if let lines = current?.complaint.lines { current?.complaint.lines = lines.map(better) }
  }

  public mutating func put(_ byte: UInt8) {
    guard byte == 0x0A else {
      if line.count < Self.longestLine { line.append(byte) }
      return
    }
    read(KernelLine(line))
    line.removeAll(keepingCapacity: true)
  }

  private mutating func read(_ line: KernelLine) {
    if line.time != nil { hasTimes = true }
    guard line.time != nil || !hasTimes else { return }
    if release == nil { release = line.release }
    if let last = current?.last, let time = line.time, time - last > Self.longestPause { close() }
    if let kind = line.kind, !continues(line) { return open(kind, line) }
    guard current != nil else { return prepare(line) }
    append(line)
  }

  // MARK: Before a complaint

  private mutating func prepare(_ line: KernelLine) {
    if line.isCut || line.isRule {
      before = [line.text]
    } else if let count = before?.count {
      if count < Self.mostBefore { before?.append(line.text) } else { before = nil }
    }
  }

  private mutating func open(_ kind: Complaint.Kind, _ line: KernelLine) {
    close()
    counts[kind, default: 0] += 1
    let isCut = before?.first?.hasPrefix("-") ?? false
    current = Current(
      complaint: Complaint(title: line.text, kind: kind, time: line.time, lines: before ?? []), hasHeader: line.isExceptionHeader,
      hasEnd: isCut || kind == .oops || kind == .panic || kind == .noRoot)
    before = nil
    append(line)
  }

  // MARK: In it

  /// Whether a line with which a complaint could begin belongs to the present one.
  private func continues(_ line: KernelLine) -> Bool {
    guard let current else { return false }
    switch current.complaint.kind {
    case .bug, .oops: return line.isExceptionHeader && !current.hasHeader
    case .oomKill: return line.isKill
    default: return false
    }
  }

  private mutating func append(_ line: KernelLine) {
    guard var open = current else { return }
    let text = line.text
    open.size += text.utf8.count + 1
    guard open.size <= Self.longestText else { return close() }
    open.complaint.lines.append(text)
    open.last = line.time
    if line.isExceptionHeader { (open.hasHeader, open.hasEnd) = (true, true) }
    current = open
    if isLast(line, of: open) { close() }
    // The mark of the next one ends this one, too.
    if current != nil, line.isCut {
      current?.complaint.lines.removeLast()
      close()
      prepare(line)
    }
  }

  private func isLast(_ line: KernelLine, of open: Current) -> Bool {
    if line.endsTrace { return true }
    switch open.complaint.kind {
    case .kasan, .kfence, .kmsan, .kcsan, .ubsan: return line.isRule
    case .oomKill: return line.isKill
    case .rcuStall, .softLockup, .hardLockup: return false
    default: return line.endsTask && !open.hasEnd
    }
  }

  private mutating func close() {
    guard let complaint = current?.complaint else { return }
    if isKept(complaint.kind) { kept.append(complaint) }
    current = nil
  }

  private func isKept(_ kind: Complaint.Kind?) -> Bool { kept.count { $0.kind == kind } < Self.keptOfAKind }
}
