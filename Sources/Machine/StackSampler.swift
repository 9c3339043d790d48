internal import Debugger
internal import Host
internal import Processor
internal import Reports
internal import Synchronization

/// Looks again and again at what the guest's processors do.
final class StackSampler: Sendable {
  /// In nanoseconds.
  private static let interval: UInt64 = 1_000_000
  /// Where a Linux that has nothing to do waits.
  private static let restingPlaces: Set = [
    "default_idle", "native_safe_halt", "pv_native_safe_halt", "native_halt", "arch_cpu_idle", "mwait_idle", "cpu_idle_poll", "default_idle_call", "acpi_safe_halt",
  ]

  private let view: GuestView
  private let timeline: TimelineRecorder?
  private let profile = Mutex(StackProfile())
  private let nextMoment = Atomic<UInt64>(0)

  /// - Parameter timeline: who else wants to know what is seen.
  init(_ view: GuestView, _ timeline: TimelineRecorder?) { (self.view, self.timeline) = (view, timeline) }

  /// When the processors are to be looked at next.
  var next: UInt64 { nextMoment.load(ordering: .relaxed) }

  /// Whether it is time, which it then is not for a while.
  func isDue(at now: UInt64) -> Bool {
    guard next <= now else { return false }
    nextMoment.store(now &+ Self.interval, ordering: .relaxed)
    return true
  }

  /// A processor stands still for a moment. By its own thread.
  func look(at processor: any Processor) {
    guard let state = try? processor.state() else { return }
    // Its symbols are found by and by.
    if let timeline, KernelView.isKernel(state) { timeline.enter(.kernel) }
    switch view.place(of: state) {
    case .unknown: profile.withLock { $0.add([StackNames.unknown]) }
    case .program:
      timeline?.seesProgram()
      profile.withLock { $0.add([StackNames.program]) }
    case .kernel(let functions):
      timeline?.sees(functions)
      let rests = functions.first.map(Self.restingPlaces.contains) ?? false
      profile.withLock { profile in rests ? profile.addRest() : profile.add(functions.reversed()) }
    }
  }

  /// What was seen so far.
  var seen: StackProfile { profile.withLock { $0 } }
}
