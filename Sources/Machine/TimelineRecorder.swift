internal import Host
internal import Reports
internal import Synchronization

/// Notes what a run does when, from what it sees of the guest: samples of its kernel's functions, its console, and its devices.
final class TimelineRecorder: Sendable {
  private struct State: Sendable {
    var timeline: Timeline
    var line: [UInt8] = []
  }

  private let start: UInt64
  private let accesses: @Sendable () -> Int
  private let state: Mutex<State>
  private static let longestLine = 512

  /// - Parameters:
  ///   - start: when the run began.
  ///   - accesses: how often the guest has reached a device so far.
  init(startedAt start: UInt64, accesses: @escaping @Sendable () -> Int) {
    (self.start, self.accesses) = (start, accesses)
    state = Mutex(State(timeline: Timeline(from: .init(seconds: 0, processorSeconds: 0, accesses: 0))))
  }

  private var seconds: Double { Double(HostClock.nanoseconds() &- start) / 1e9 }
  private var use: Timeline.Use { .init(seconds: seconds, processorSeconds: Double(HostClock.nanosecondsOfWork()) / 1e9, accesses: accesses()) }

  // MARK: Noting

  func enter(_ phase: Timeline.Phase) {
    guard state.withLock({ $0.timeline.isNew(phase) }) else { return }
    let use = use
    state.withLock { $0.timeline.enter(phase, with: use) }
  }

  func restart() {
    let use = use
    state.withLock { $0.timeline.restart(with: use) }
  }

  func mark(_ name: String) {
    let seconds = seconds
    state.withLock { $0.timeline.mark(name, at: seconds) }
  }

  /// A processor executes a program.
  func seesProgram() { enter(.initialization) }

  /// A processor is in these functions of the kernel, the innermost first.
  func sees(_ functions: [String]) {
    guard let caller = functions.firstIndex(of: "do_one_initcall"), caller > 0 else { return }
    if functions.contains("kernel_init_freeable") {
      state.withLock { $0.timeline.staysAtInitcalls() }
      enter(.initcalls)
    }
    let seconds = seconds
    state.withLock { $0.timeline.sees(initcall: functions[caller - 1], at: seconds) }
  }

  /// A byte on the console.
  func hears(_ byte: UInt8) {
    let line: [UInt8] = state.withLock { state in
      guard byte == 0x0A else {
        if state.line.count < Self.longestLine { state.line.append(byte) }
        return []
      }
      defer { state.line = [] }
      return state.line
    }
    if !line.isEmpty { hearsLine(String(decoding: line, as: UTF8.self)) }
  }

  private func hearsLine(_ line: String) {
    mark("first words on the console")
    if line.contains("Linux version ") { enter(.kernel) }
    // With initcall_debug: initcall NAME+0x0/0x20 [MODULE] returned 0 after 123 usecs.
    let words = line.split { $0 == " " || $0 == "\r" }
    guard let at = words.firstIndex(of: "initcall"), let behind = words.firstIndex(of: "returned"), behind > at + 1, words.count > behind + 4,
      words[behind + 4] == "usecs", let duration = Int32(words[behind + 3])
    else { return }
    let name = ([words[at + 1].prefix { $0 != "+" }] + words[(at + 2)..<behind]).joined(separator: " ")
    let seconds = seconds
    state.withLock { $0.timeline.ended(initcall: name, after: Double(duration) / 1e6, at: seconds) }
  }

  /// What was noted until now.
  var timeline: Timeline {
    let use = use
    return state.withLock { state in
      state.timeline.finish(with: use)
      return state.timeline
    }
  }
}
