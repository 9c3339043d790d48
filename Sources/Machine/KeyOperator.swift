internal import DeviceModel
internal import Primitives
internal import Synchronization
internal import SystemBus

/// Carries out a script of keys, as guest time passes. It has no registers: the bus only tells it the time.
final class KeyOperator: BusTarget {
  /// What the steps of a script reach.
  struct Hands: Sendable {
    let now: @Sendable () -> Instant
    /// False if the keyboard has no room now.
    let press: @Sendable ([UInt8]) -> Bool
    /// The lines of a text screen; none where the display shows pixels, or where there is none.
    let screenLines: @Sendable () -> [String]
    let takePicture: @Sendable (String) -> Void
    let quit: @Sendable () -> Void
  }

  private struct State: Sendable {
    var next = 0
    var due: Instant
    /// What the console has said since the last text that was waited for.
    var heard: [UInt8] = []
    /// How much of that the text is not in.
    var searched = 0
    var filter = PlainText()
  }

  private enum Pace {
    /// A fast typist: guests that look at the keyboard by turns miss nothing.
    static let key: UInt64 = 20_000_000
    static let look: UInt64 = 20_000_000
    static let heardLimit = 1 << 16
  }

  let placement = Placement("keys")
  private let file: String
  private let script: KeyScript
  private let hands: Hands
  private let state: Mutex<State>

  init(_ script: KeyScript, file: String, hands: Hands) {
    self.script = script
    self.file = file
    self.hands = hands
    state = Mutex(State(due: .start))
  }

  /// A byte that the guest has written on its console.
  func hear(_ byte: UInt8) {
    state.withLock { state in
      state.heard += state.filter.filter(byte)
      guard state.heard.count > Pace.heardLimit else { return }
      state.heard.removeFirst(Pace.heardLimit / 2)
      state.searched = max(state.searched - Pace.heardLimit / 2, 0)
    }
  }

  /// Which line the script had come to when the run ended; nil if it was through.
  var note: String? {
    state.withLock { state in
      guard state.next < script.steps.count else { return nil }
      let (line, step) = script.steps[state.next]
      guard case .waitForText(let text) = step else { return "\(file): the run ended before line \(line)." }
      return "\(file): line \(line) waited for \"\(text)\" when the run ended."
    }
  }

  // MARK: BusTarget

  func read(_ width: AccessWidth, at offset: Int) -> UInt64 { width.ones }
  func write(_ value: UInt64, _ width: AccessWidth, at offset: Int) {}
  /// A reset of the machine does not restart the script.
  func reset() {}
  var deadline: Instant? { state.withLock { $0.next < script.steps.count ? $0.due : nil } }

  func advance() {
    guard let step = state.withLock({ $0.next < script.steps.count ? script.steps[$0.next].step : nil }) else { return }
    let now = hands.now()
    switch step {
    case .waitForText(let text): if isThere(text) { proceed(at: now) } else { look(at: now + Pace.look) }
    case .pause(let time): proceed(at: now + time)
    case .press(let codes): if hands.press(codes) { proceed(at: now + Pace.key) } else { look(at: now + Pace.look) }
    case .screenshot(let path):
      hands.takePicture(path)
      proceed(at: now)
    case .quit:
      proceed(at: now)
      hands.quit()
    }
  }

  /// Whether a text is on the screen, or has been on the console since the last one.
  private func isThere(_ text: String) -> Bool {
    let text = Array(text.utf8)
    let isHeard = state.withLock { state in
      let new = state.heard[state.searched...]
      guard let found = new.firstRange(of: text) else {
        state.searched = max(state.heard.count - text.count + 1, state.searched)
        return false
      }
      state.heard.removeFirst(found.upperBound)
      state.searched = 0
      return true
    }
    return isHeard || hands.screenLines().contains { $0.utf8.firstRange(of: text) != nil }
  }

  private func proceed(at time: Instant) {
    state.withLock {
      $0.next += 1
      $0.due = time
    }
  }

  private func look(at time: Instant) { state.withLock { $0.due = time } }
}
