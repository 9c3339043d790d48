internal import Host
public import Primitives
public import Synchronization

/// Guest time that passes with the instructions a processor executes, and with nothing else: two runs of one guest
/// see the same time everywhere. All deadlines are kept on the processor's own thread.
public final class InstructionTime: Sendable {
  /// How long an instruction takes the guest: a processor of 250 MIPS.
  public static let nanosecondsPerInstruction: UInt64 = 4
  /// When the guest's time begins, in seconds since 1970: noon of 1 January 2024.
  public static let startSecond: UInt64 = 1_704_110_400

  @usableFromInline let present = Atomic<UInt64>(0)
  @usableFromInline let due = Atomic<UInt64>(0)
  /// A deadline moved since the last look.
  @usableFromInline let isStale = Atomic<Bool>(true)
  private let advance = Callback()
  private let moved = Callback()
  private let earliest = Mutex<Earliest?>(nil)

  private struct Earliest: Sendable { let call: @Sendable () -> Instant? }

  public init() {}

  public var now: Instant { Instant(nanoseconds: present.load(ordering: .relaxed)) }

  /// - Parameters:
  ///   - earliest: when somebody wants to be advanced next.
  ///   - advance: advances everybody whose deadline has come.
  public func connect(earliest: @escaping @Sendable () -> Instant?, advance: @escaping @Sendable () -> Void) {
    self.earliest.withLock { $0 = Earliest(call: earliest) }
    self.advance.set(advance)
  }

  /// Lets go of whoever is connected.
  public func disconnect() {
    earliest.withLock { $0 = nil }
    advance.set(nil)
    moved.set(nil)
  }

  /// A deadline moved. From any thread.
  public func reschedule() {
    isStale.store(true, ordering: .releasing)
    moved()
  }

  /// Called when a deadline moved, so that a sleeping processor looks at it.
  public func whenMoved(_ body: @escaping @Sendable () -> Void) { moved.set(body) }

  // MARK: The processor's side

  @inlinable @inline(__always) public func pass(_ instructions: UInt64) {
    // Only the processor's thread moves time.
    let time = present.load(ordering: .relaxed)
    present.store(time &+ instructions &* Self.nanosecondsPerInstruction, ordering: .relaxed)
  }

  @inlinable @inline(__always) public var isDue: Bool {
    isStale.load(ordering: .acquiring) || present.load(ordering: .relaxed) >= due.load(ordering: .relaxed)
  }

  /// How many instructions may pass before somebody must look whether it is due; zero if it is.
  public var instructionsLeft: Int64 {
    guard !isDue else { return 0 }
    let left = due.load(ordering: .relaxed) &- present.load(ordering: .relaxed)
    // Never so many that a deadline moved from elsewhere would wait long.
    return Int64(min(left, 1 << 18) &+ Self.nanosecondsPerInstruction &- 1) / Int64(Self.nanosecondsPerInstruction)
  }

  /// Lets every deadline that has come take effect, and notes the next.
  public func keep() {
    isStale.store(false, ordering: .sequentiallyConsistent)
    advance()
    due.store(earliest.withLock { $0 }?.call()?.nanoseconds ?? .max, ordering: .relaxed)
  }

  /// Nothing happens until the next deadline: it is there now. False if there is none.
  public func skip() -> Bool {
    let next = due.load(ordering: .relaxed)
    guard next != .max else { return false }
    present.store(max(next, present.load(ordering: .relaxed)), ordering: .relaxed)
    return true
  }
}
