internal import DeviceModel
internal import Host
internal import Processor
internal import Reports
internal import Synchronization

/// Looks at what the processors do, and the end of a guest that does not go on.
extension Machine {
  /// How long it may take to answer when it is spoken to.
  private static let grace: UInt64 = 2_000_000_000
  /// To all processors, as a non-maskable interrupt.
  private static let wakeUp = MSIMessage(address: 0xFEE0_0000 | 0xFF << 12, data: 4 << 8)

  /// When somebody has to look at the processors next; nil if nobody wants that.
  var nextGlance: UInt64? { hang.withLock { $0?.nextLook } }

  /// Makes every processor stand still for the moment that a glance takes, if it is time for that.
  func glance() {
    let now = HostClock.nanoseconds()
    let isHangDue = hang.withLock { watch in
      guard let next = watch?.nextLook, next <= now else { return false }
      watch?.postpone(at: now)
      return true
    }
    if chassis.sampler?.isDue(at: now) == true || isHangDue { for processor in processors { processor.kick() } }
  }

  /// A processor stands still; what it does is noted. By its own thread.
  func note(_ processor: any Processor, _ index: Int) {
    chassis.sampler?.look(at: processor)
    guard nextGlance != nil, let state = try? processor.architecturalState() else { return }
    let now = HostClock.nanoseconds()
    let log = chassis.console.log
    let hasStalled = Complaint.Kind.named("stall").contains { log.counts[$0] != nil }
    let activity = chassis.activity(withWords: !hasStalled)
    let isHang = hang.withLock { watch in
      watch?.sees(HangWatch.Doing(state), of: index, activity: activity, hasStalled: hasStalled, at: now)
      guard watch?.isHang(at: now) == true else { return false }
      watch = nil
      return true
    }
    if isHang { rouse(hasKernel: state.registers.cr0 >> 31 & 1 != 0, at: now) }
  }

  /// The kernel may say what is wrong with it, or go on to a panic, when it gets an NMI and is asked for its tasks.
  ///
  /// - Parameter hasKernel: there is one that expects an NMI. Without paging there is none.
  private func rouse(hasKernel: Bool, at now: UInt64) {
    if hasKernel {
      chassis.power.withLock { $0?.backend.interrupts }?.send(Self.wakeUp)
      board.askForTasks()
    }
    control.state.update { $0.hung(until: now &+ Self.grace) }
  }

  /// Finds out what processors were doing that run no more: their registers first, because names take long to find on a slow host,
  /// which may have to do without them.
  func dissect(_ processors: [any Processor]) {
    let autopsy = Autopsy(of: processors)
    standing.withLock { $0.found(autopsy.registers) }
    let text = autopsy.text(memory)
    standing.withLock { $0.found(text, withNames: true) }
  }
}
