import DeviceModel
import GuestRAM
import Host
import Primitives
import Processor
import Synchronization
import SystemBus
import Testing
import Time

/// A small guest with one recording device: from power-on to the guest's write to the stop port.
final class GuestRun: Backplane {
  /// How each processor ended, and whether the guest is done.
  private struct Progress: Sendable {
    var isOver = false
    var ends: [Int: Result<Pause, ProcessorError>] = [:]
  }

  let memory: GuestMemory
  private let processorCount: Int
  private let recorderMemory: MemoryRange?
  private let line: Int
  private let whenAccessed: @Sendable (any Backend) -> Void
  private let progress = Monitor(Progress())
  private let backend = Mutex<(any Backend)?>(nil)
  private let recorder = Mutex<Slot<Recorder>?>(nil)

  /// What a guest gets at most; every test's guest needs a few milliseconds.
  private static let patience: UInt64 = 30_000_000_000

  /// - Parameter whenAccessed: called after each access to the recording device, before the guest goes on.
  init(
    memory size: UInt64 = 1 << 20, firmware: [UInt8] = [], processors: Int = 1, recorderMemory: MemoryRange? = nil, line: Int = 5,
    whenAccessed: @escaping @Sendable (any Backend) -> Void = { _ in }
  ) throws {
    memory = try GuestMemory(size: size, firmware: firmware)
    processorCount = processors
    self.recorderMemory = recorderMemory
    self.line = line
    self.whenAccessed = whenAccessed
  }

  struct Outcome {
    var accesses: [Access]
    /// By processor.
    var ends: [Result<Pause, ProcessorError>]
    /// Of the first processor.
    var state: ProcessorState
    /// How often the guest was left to access memory.
    var memoryExits: Int
  }

  /// - Parameters:
  ///   - start: where the first processor begins, if not at the reset vector.
  ///   - prepare: what the machine tells the backend before that.
  func run(
    on kind: BackendKind, from start: ProcessorState? = nil, prepare: (any Backend) -> Void = { _ in }
  ) throws -> Outcome {
    let clock = GuestClock()
    let backend = try kind.make(memory: memory, processors: processorCount, clock: clock) { [progress] in progress.update { _ in } }
    prepare(backend)
    self.backend.withLock { $0 = backend }
    defer { self.backend.withLock { $0 = nil } }
    let slot = Slot(Recorder(memory: recorderMemory), Recorder.placement(memory: recorderMemory, line: line), on: self)
    recorder.withLock { $0 = slot }
    var bus = SystemBus()
    try bus.add(slot)
    for chip in backend.chips { try bus.add(chip) }
    let processors = try (0..<processorCount).map { try backend.makeProcessor($0) }
    if let start { try processors[0].setState(start) }

    for (index, processor) in processors.enumerated() {
      let bus = bus
      _ = try HostThread(name: "cpu \(index)") { [progress] in
        let end = Result { () throws(ProcessorError) in try processor.run(on: bus) }
        progress.update {
          $0.ends[index] = end
          $0.isOver = true
        }
      }
    }
    let deadline = HostClock.nanoseconds() + Self.patience
    let timed = backend.chips + backend.watches
    let next = { @Sendable in timed.compactMap { $0.deadline.flatMap(clock.hostTime(of:)) }.reduce(deadline, min) }
    while progress.wait(until: { _ in next() }, for: { $0.isOver ? true : nil }) == nil {
      guard HostClock.nanoseconds() < deadline else {
        Issue.record("the guest did not end in time")
        break
      }
      for target in timed where target.deadline.map({ $0 <= clock.now }) ?? false { target.advance() }
    }
    for processor in processors { processor.kick() }
    let ends = progress.wait(until: { _ in deadline + Self.patience }) { [processorCount] in
      $0.ends.count == processorCount ? $0.ends : nil
    }
    let list = (0..<processorCount).compactMap { ends?[$0] }
    try #require(list.count == processorCount, "a kick stops every processor")
    return Outcome(
      accesses: slot.access { recorder, _ in recorder.accesses }, ends: list, state: try processors[0].state(),
      memoryExits: backend.exits.first { $0.name == "memory" }?.count ?? 0)
  }

  // MARK: Backplane

  var now: Instant { .start }

  func carryOut(_ cycle: Cycle, of placement: Placement) {
    if let backend = backend.withLock({ $0 }) {
      if cycle.changes.contains(.work) { whenAccessed(backend) }
      if let level = cycle.interrupt, let line = placement.line { backend.interrupts.setLine(line, level) }
      for message in cycle.messages { backend.interrupts.send(message) }
      if cycle.changes.contains(.memoryMap), let slot = recorder.withLock({ $0 }) {
        memory.setShadow(ShadowControl(bytes: slot.access { recorder, _ in recorder.shadow }))
        do { try backend.memoryMapChanged() } catch { Issue.record(error) }
      }
    }
    if cycle.power != nil { progress.update { $0.isOver = true } }
  }
}
