import InitCore

/// A kernel that notes what it is asked, and answers as a test says.
final class FakeSystem: System {
  struct State {
    /// What was asked, in order.
    var calls: [String] = []
    /// What descriptors have to say, each a read long; nothing is the end.
    var content: [Int: [[UInt8]]] = [:]
    var written: [Int: [UInt8]] = [:]
    /// How many bytes a descriptor takes at once.
    var room: [Int: Int] = [:]
    var results: [String: Int] = [:]
    /// How many bytes wait at a source when somebody asks.
    var waiting: UInt8 = 0
    /// A child that will have ended, and how.
    var child: (process: Int, status: Int)?
  }

  var state = State()

  func note(_ call: String) -> Int {
    state.calls.append(call)
    return state.results[call] ?? 0
  }

  func mount(_ source: Text, at place: Text, kind: Text, flags: Int, options: Text) -> Int { note("mount \(source.words) \(place.words)") }
  func makeFolder(_ path: Text) -> Int { note("folder \(path.words)") }
  func makeLink(_ path: Text, to target: Text) -> Int { note("link \(path.words)") }
  func enter(_ path: Text) -> Int { note("enter \(path.words)") }
  func changeRoot(_ path: Text) -> Int { note("root \(path.words)") }
  func open(_ path: Text, _ flags: Int) -> Int { note("open \(path.words)") }
  func close(_ file: Int) { _ = note("close \(file)") }

  func read(_ file: Int, into buffer: inout [UInt8]) -> Int {
    guard state.content[file]?.isEmpty == false, let bytes = state.content[file]?.removeFirst() else { return -11 }
    for (index, byte) in bytes.enumerated() { buffer[index] = byte }
    return bytes.count
  }

  func write(_ file: Int, _ bytes: ArraySlice<UInt8>) -> Int {
    let part = bytes.prefix(state.room[file] ?? bytes.count)
    state.written[file, default: []] += part
    return part.isEmpty ? -11 : part.count
  }

  func loadModule(_ file: Int) -> Int { note("module \(file)") }
  func makePipe() -> (reader: Int, writer: Int)? { (10, 11) }
  func makeNonBlocking(_ file: Int) {}
  func makeSocket() -> Int { -1 }
  func control(_ file: Int, _ request: Int, _ argument: inout [UInt8]) -> Int {
    argument[0] = state.waiting
    return note("control \(file)")
  }
  func control(_ file: Int, _ request: Int, value: Int) -> Int { 0 }
  /// Everything is ready at once.
  func poll(_ waits: inout [Wait], milliseconds: Int) {
    for index in waits.indices { waits[index].seen = waits[index].events }
  }
  func watchChildren() -> Int { 0 }
  func fork() -> Int { state.child?.process ?? 0 }
  func reap() -> (process: Int, status: Int)? {
    defer { state.child = nil }
    return state.child
  }
  func becomeSession() {}
  func duplicate(_ file: Int, as number: Int) {}
  func become(user: UInt32, group: UInt32, groups: [UInt32]) -> Int { 0 }
  func execute(_ path: Text, _ arguments: [Text], _ variables: [Text]) -> Int { note("execute \(path.words)") }
  func exit(_ status: Int) { _ = note("exit \(status)") }
  func sleep(milliseconds: Int) {}
  func synchronize() {}
  func powerOff() { _ = note("power off") }
}

extension Text {
  var words: String { String(decoding: content, as: UTF8.self) }
}
