import Bare
import InitCore

/// The kernel itself, by its system calls.
struct LinuxSystem: System {
  private enum Call: Int {
    case read = 0
    case write = 1
    case open = 2
    case close = 3
    case poll = 7
    case setSignalMask = 14
    case control = 16
    case duplicate = 33
    case sleep = 35
    case socket = 41
    case fork = 57
    case execute = 59
    case exit = 60
    case wait = 61
    case fileControl = 72
    case enter = 80
    case makeFolder = 83
    case makeLink = 88
    case setUser = 105
    case setGroup = 106
    case becomeSession = 112
    case setGroups = 116
    case changeRoot = 161
    case synchronize = 162
    case mount = 165
    case reboot = 169
    case signalFile = 289
    case makePipe = 293
    case loadModule = 313
  }

  @discardableResult
  private func call(_ number: Call, _ a: Int = 0, _ b: Int = 0, _ c: Int = 0, _ d: Int = 0, _ e: Int = 0) -> Int {
    system_call(number.rawValue, a, b, c, d, e)
  }

  /// The address of a text while a body uses it.
  private func with<R>(_ text: Text, _ body: (Int) -> R) -> R { text.bytes.withUnsafeBytes { body(Int(bitPattern: $0.baseAddress)) } }
  private func with<R>(_ values: [some Any], _ body: (Int) -> R) -> R { values.withUnsafeBytes { body(Int(bitPattern: $0.baseAddress)) } }

  func mount(_ source: Text, at place: Text, kind: Text, flags: Int, options: Text) -> Int {
    with(source) { source in with(place) { place in with(kind) { kind in with(options) { call(.mount, source, place, kind, flags, $0) } } } }
  }

  func makeFolder(_ path: Text) -> Int { with(path) { call(.makeFolder, $0, 0o755) } }
  func makeLink(_ path: Text, to target: Text) -> Int { with(target) { target in with(path) { call(.makeLink, target, $0) } } }
  func enter(_ path: Text) -> Int { with(path) { call(.enter, $0) } }
  func changeRoot(_ path: Text) -> Int { with(path) { call(.changeRoot, $0) } }
  func open(_ path: Text, _ flags: Int) -> Int { with(path) { call(.open, $0, flags) } }
  func close(_ file: Int) { call(.close, file) }

  func read(_ file: Int, into buffer: inout [UInt8]) -> Int {
    buffer.withUnsafeMutableBytes { call(.read, file, Int(bitPattern: $0.baseAddress), $0.count) }
  }

  func write(_ file: Int, _ bytes: ArraySlice<UInt8>) -> Int {
    bytes.withUnsafeBytes { call(.write, file, Int(bitPattern: $0.baseAddress), $0.count) }
  }

  func loadModule(_ file: Int) -> Int { with("") { call(.loadModule, file, $0) } }

  func makePipe() -> (reader: Int, writer: Int)? {
    var ends: [Int32] = [0, 0]
    let result = ends.withUnsafeMutableBytes { call(.makePipe, Int(bitPattern: $0.baseAddress), 0o2000000) }
    return result < 0 ? nil : (Int(ends[0]), Int(ends[1]))
  }

  // F_SETFL with O_NONBLOCK.
  func makeNonBlocking(_ file: Int) { call(.fileControl, file, 4, 0o4000) }
  // AF_INET, SOCK_DGRAM.
  func makeSocket() -> Int { call(.socket, 2, 2) }

  func control(_ file: Int, _ request: Int, _ argument: inout [UInt8]) -> Int {
    argument.withUnsafeMutableBytes { call(.control, file, request, Int(bitPattern: $0.baseAddress)) }
  }

  func control(_ file: Int, _ request: Int, value: Int) -> Int { call(.control, file, request, value) }

  func poll(_ waits: inout [Wait], milliseconds: Int) {
    // The file, what is waited for and what was seen: eight bytes.
    var list = waits.map { UInt64(UInt32(truncatingIfNeeded: $0.file)) | UInt64(UInt16(bitPattern: $0.events)) << 32 }
    list.withUnsafeMutableBytes { _ = call(.poll, Int(bitPattern: $0.baseAddress), $0.count / 8, milliseconds) }
    for index in waits.indices { waits[index].seen = Int16(truncatingIfNeeded: list[index] >> 48) }
  }

  /// SIGCHLD alone.
  private static let childSignal: UInt64 = 1 << 16

  func watchChildren() -> Int {
    with([Self.childSignal]) { set in
      call(.setSignalMask, 0, set, 0, 8)
      return call(.signalFile, -1, set, 8, 0o2000000)
    }
  }

  func fork() -> Int { call(.fork) }

  func reap() -> (process: Int, status: Int)? {
    var status: [Int32] = [0]
    // WNOHANG
    let process = status.withUnsafeMutableBytes { call(.wait, -1, Int(bitPattern: $0.baseAddress), 1) }
    return process > 0 ? (process, Int(status[0])) : nil
  }

  func becomeSession() {
    call(.becomeSession)
    with([Self.childSignal]) { _ = call(.setSignalMask, 1, $0, 0, 8) }
  }

  func duplicate(_ file: Int, as number: Int) { call(.duplicate, file, number) }

  func become(user: UInt32, group: UInt32, groups: [UInt32]) -> Int {
    let results = [with(groups) { call(.setGroups, groups.count, $0) }, call(.setGroup, Int(group)), call(.setUser, Int(user))]
    return results.min() ?? 0
  }

  func execute(_ path: Text, _ arguments: [Text], _ variables: [Text]) -> Int {
    addresses(of: arguments) { arguments in addresses(of: variables) { variables in with(path) { call(.execute, $0, arguments, variables) } } }
  }

  /// Texts one behind the other, and the list of their addresses with a zero at its end.
  private func addresses<R>(of texts: [Text], _ body: (Int) -> R) -> R {
    let bytes = texts.flatMap { $0.bytes }
    return with(bytes) { start in
      var list: [Int] = []
      var offset = 0
      for text in texts {
        list.append(start + offset)
        offset += text.bytes.count
      }
      return with(list + [0], body)
    }
  }

  func exit(_ status: Int) { call(.exit, status) }
  func powerOff() { call(.reboot, 0xFEE1_DEAD, 0x2812_1969, 0x4321_FEDC) }

  func sleep(milliseconds: Int) {
    with([milliseconds / 1000, milliseconds % 1000 * 1_000_000]) { _ = call(.sleep, $0) }
  }

  func synchronize() { call(.synchronize) }
}

@_cdecl("init_start")
func start() {
  let system = LinuxSystem()
  var plan: [UInt8] = []
  let file = system.open("/plan", 0)
  var buffer = [UInt8](repeating: 0, count: 4096)
  while true {
    let count = system.read(file, into: &buffer)
    guard count > 0 else { break }
    plan += buffer.prefix(count)
  }
  var first = Init(system, Plan(plan))
  first.run()
}
