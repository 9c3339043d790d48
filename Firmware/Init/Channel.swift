/// A way of bytes from one descriptor to another, through a buffer: whoever is slow makes the other wait.
struct Channel {
  private static let size = 32 << 10

  /// Nil once nothing more comes.
  private(set) var source: Int?
  private(set) var target: Int?
  private var buffer = [UInt8](repeating: 0, count: size)
  private var content = 0..<0
  /// How many bytes are still wanted; nil for all.
  private var rest: Int?

  init(from source: Int, to target: Int) {
    self.source = source
    self.target = target
  }

  /// What has to come before there is something to do; nil if nothing ever will.
  var wait: Wait? {
    guard let target else { return nil }
    if !content.isEmpty { return Wait(target, Wait.writable) }
    guard let source, rest != 0 else { return nil }
    return Wait(source, Wait.readable)
  }

  /// Nothing is under way, and nothing more is wanted.
  var isDone: Bool { wait == nil }

  /// From now on only what already waits at the source is wanted.
  mutating func finish<S: System>(_ system: S) {
    guard let source else { return }
    var count = [UInt8](repeating: 0, count: 4)
    guard system.control(source, Linux.Control.readableCount, &count) >= 0 else { return rest = 0 }
    rest = count.reversed().reduce(0) { $0 << 8 | Int($1) }
  }

  /// The descriptor that was waited for is ready.
  mutating func move<S: System>(_ seen: Int16, _ system: S) {
    guard content.isEmpty else { return drain(seen, system) }
    guard let source else { return }
    let count = system.read(source, into: &buffer)
    if count == Linux.again { return }
    // The end; on a terminal it is an error.
    guard count > 0 else { return endSource(system) }
    content = 0..<min(count, rest ?? count)
    rest = rest.map { $0 - content.count }
    drain(Wait.writable, system)
  }

  private mutating func drain<S: System>(_ seen: Int16, _ system: S) {
    guard let target else { return }
    // Nobody takes anything any more: whoever sends shall hear of it.
    guard seen & Wait.gone == 0 else { return end(system) }
    let count = system.write(target, buffer[content])
    if count == Linux.again { return }
    guard count > 0 else { return end(system) }
    content = (content.lowerBound + count)..<content.upperBound
    if content.isEmpty, source == nil { end(system) }
  }

  private mutating func endSource<S: System>(_ system: S) {
    if let source { system.close(source) }
    source = nil
    if content.isEmpty { end(system) }
  }

  private mutating func end<S: System>(_ system: S) {
    if let source { system.close(source) }
    if let target { system.close(target) }
    (source, target, content) = (nil, nil, 0..<0)
  }
}
