public import DeviceModel
internal import Devices
internal import GuestRAM
internal import Host
internal import PCI
internal import Primitives
internal import Processor
internal import Synchronization
internal import Time
public import SystemBus

/// The machine is the backplane of every device: what a device's cycle asks for happens here, after the device's lock
/// is free.
extension Machine: Backplane {
  public func carryOut(_ cycle: Cycle, of placement: Placement) {
    for activity in cycle.queueActivity { tracer?.queue(activity, of: placement, at: cycle.now) }
    if cycle.interrupt != nil || !cycle.otherLines.isEmpty || !cycle.messages.isEmpty {
      let interrupts = power.withLock { $0?.backend.interrupts }
      func drive(_ line: Int, _ level: Bool) {
        tracer?.line(line, level, of: placement, at: cycle.now)
        interrupts?.setLine(line, level)
      }
      if let level = cycle.interrupt, let line = placement.line { drive(line, level) }
      for (line, level) in cycle.otherLines { drive(line, level) }
      for message in cycle.messages {
        tracer?.message(message, of: placement, at: cycle.now)
        interrupts?.send(message)
      }
    }
    if let byte = cycle.consoleByte { emit(byte, of: placement) }
    if cycle.wake {
      let words = board.wake(placement)
      if !words.isEmpty { usesVirtioConsole.store(true, ordering: .relaxed) }
      for byte in words { show(byte) }
      letInputFlow()
    }
    if cycle.rescheduled { reschedule() }
    if cycle.tablesOutdated { board.refreshTables() }
    if cycle.memoryMapChanged { changeMemoryMap() }
    if cycle.windowsMoved { moveDoorbells() }
    if let complaint = cycle.complaint { complaints.take(complaint, of: placement.name, at: cycle.now) }
    if let request = cycle.power { carryOut(request) }
  }

  /// A deadline moved.
  func reschedule() {
    if let time = clock.counted { time.reschedule() } else { control.state.update { $0.isRescheduled = true } }
  }

  private func emit(_ byte: UInt8, of placement: Placement) {
    if placement.ports.first == Platform.debugConsole {
      debugConsole?.put(byte)
    } else {
      if usesVirtioConsole.load(ordering: .relaxed) {
        usesVirtioConsole.store(false, ordering: .relaxed)
        letInputFlow()
      }
      show(byte)
    }
  }

  private func show(_ byte: UInt8) {
    keys?.hear(byte)
    if console.put(byte) {
      let end = HostClock.nanoseconds() &+ HostClock.nanoseconds(seconds: configuration.panicGrace)
      control.state.update { $0.panicked(until: end) }
    }
  }

  /// Gives the guest its memory as the chipset, the flash chip and the display have it now.
  func layOutMemory() {
    memory.setShadow(board.shadow, hidingFirmware: board.hiddenFirmware, videoAt: board.videoPlace)
  }

  private func changeMemoryMap() {
    layOutMemory()
    guard let backend = power.withLock({ $0?.backend }) else { return }
    do throws(ProcessorError) { try backend.memoryMapChanged() } catch { end(.failed(error.message)) }
  }

  /// One mover at a time, so that the latest places are the last to arrive.
  private func moveDoorbells() {
    doorbellMove.withLock { _ in
      guard let backend = power.withLock({ $0?.backend }) else { return }
      backend.setDoorbells(board.bridge.doorbells)
    }
  }

  func carryOut(_ request: PowerRequest) {
    switch request {
    case .off: end(.poweredOff)
    case .exit(let code): end(.exited(code: code))
    case .panicked: end(.panicked)
    case .watchdog where configuration.watchdog == .stop: end(.watchdog)
    case .refused(let message): end(.refused(message))
    case .reset, .watchdog: control.state.update { $0.reset(endsRun: configuration.stopsOnReset) }
    }
  }
}
