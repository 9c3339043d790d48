internal import DeviceModel
internal import GuestRAM
internal import Host
internal import PCI
internal import PCIBus
internal import Primitives
internal import Synchronization
internal import Virtio

/// A disk of the board: does what a guest asks of it, with whatever waiting for the host that takes.
final class DiskStation: Station {
  let slot: FunctionSlot<VirtioPCI<VirtioBlock>>
  let worker: Worker
  private let disk: DiskFile
  private let memory: GuestMemory
  /// Whether everything is to be done in the order in which it is asked for, whatever of it the host has in its memory.
  private let keepsOrder: Bool
  private let flushing: FlushStation
  /// Whether a read was among what was taken last. After writes an attempt would only do a part of the thread's work, and keep it waiting.
  private let isRead = Atomic<Bool>(true)
  /// What an attempt has taken and left for the worker's thread.
  private let left = Mutex(Left())
  private let thread = PatientThread()

  init(slot: FunctionSlot<VirtioPCI<VirtioBlock>>, disk: DiskFile, memory: GuestMemory, worker: Worker, keepsOrder: Bool = false) {
    self.slot = slot
    self.worker = worker
    self.disk = disk
    self.memory = memory
    self.keepsOrder = keepsOrder
    flushing = FlushStation(slot: slot, disk: disk, worker: Worker(name: "\(slot.placement.name) flush"))
  }

  var helpers: [any Station] { [flushing] }

  /// As much is taken at once as keeps nobody waiting long for the first answer, or for the end of an attempt.
  private static let batchSize = 64
  private static let batchSectors: UInt64 = 256 << 10 / 512
  private static let attemptSectors: UInt64 = 64 << 10 / 512

  private struct Left: Sendable {
    var begun: [BlockRun] = []
    var others: [BlockRun] = []
  }

  func serve() {
    // Reads that the host has begun, the oldest first: as many are before it as the guest wants.
    var begun: [BlockRun] = []
    var count = 0
    while true {
      var left = left.withLock { left in
        defer { left = Left() }
        return left
      }
      begun += left.begun
      if left.others.isEmpty { left.others = takeBatch(of: Self.batchSectors) }
      guard !left.others.isEmpty || !begun.isEmpty else { break }
      count += left.others.reduce(0) { $0 + $1.requests.count }
      var answers: [BlockAnswer] = []
      for run in left.others {
        if run.operation == .read, !keepsOrder {
          if readWithoutWaiting(run, &answers) { continue }
          begun.append(run)
        } else {
          // What is done is not held back by what may take long.
          if !run.isTransfer { tell(&answers) }
          carryOut(run, &answers)
        }
      }
      tell(&answers)
      waitForOldest(of: &begun)
    }
    if !keepsOrder { thread.endTurn(requests: count) }
  }

  /// What the host has done by then is told together.
  private func waitForOldest(of begun: inout [BlockRun]) {
    guard let oldest = begun.first else { return }
    var answers: [BlockAnswer] = []
    carryOut(oldest, &answers)
    let others = begun.dropFirst().drop { readWithoutWaiting($0, &answers) }
    begun = Array(others)
    tell(&answers)
  }

  /// Does a read if the host has all of it in its memory. If not, the host begins to get it there, and it is false.
  private func readWithoutWaiting(_ run: BlockRun, _ answers: inout [BlockAnswer]) -> Bool {
    guard (try? read(run, mayWait: false)) != nil else { return false }
    answers.append(contentsOf: run.requests.lazy.map { BlockAnswer(to: $0) })
    return true
  }

  var attempt: (@Sendable () -> Bool)? { { [self] in readAtOnce() } }

  /// Does a few small reads, as long as the host has what they want in its memory; false if anything is left.
  private func readAtOnce() -> Bool {
    guard isRead.load(ordering: .relaxed) else { return false }
    var room = Self.attemptSectors
    while true {
      let batch = takeBatch(of: room)
      guard !batch.isEmpty else { return true }
      let wish = batch.reduce(0) { $0 &+ $1.sectorCount }
      var answers: [BlockAnswer] = []
      var rest = Left()
      for run in batch {
        if wish > room || run.operation != .read {
          rest.others.append(run)
        } else if !readWithoutWaiting(run, &answers) {
          rest.begun.append(run)
        }
      }
      tell(&answers)
      guard rest.begun.isEmpty, rest.others.isEmpty, wish < room else {
        left.withLock { $0 = rest }
        return false
      }
      room -= wish
    }
  }

  /// - Parameter limit: no request is taken any more when so many sectors are wanted.
  private func takeBatch(of limit: UInt64) -> [BlockRun] {
    let batch = BlockRun.runs(of: slot.access { device, cycle in device.take(Self.batchSize, sectors: limit, &cycle) }[...])
    if !batch.isEmpty { isRead.store(batch.contains { $0.operation == .read }, ordering: .relaxed) }
    return batch
  }

  /// The guest hears of what is done.
  private func tell(_ answers: inout [BlockAnswer]) {
    guard !answers.isEmpty else { return }
    slot.access { device, cycle in device.complete(answers, &cycle) }
    answers = []
  }

  /// Makes everything durable, at an orderly end of the run; says what went wrong.
  func close() -> String? {
    settle()
    do throws(DiskError) { try disk.flush() } catch {
      return "\(disk.path): what the guest wrote last may not be on the disk (\(error))."
    }
    return nil
  }

  /// Does requests as one, or, where that fails, each by itself: the fault of one is not the others'. A flush
  /// only begins here.
  private func carryOut(_ run: BlockRun, _ answers: inout [BlockAnswer]) {
    do {
      switch run.operation {
      case .read: try read(run)
      case .write: try write(run)
      case .flush:
        flushing.ask(run.requests)
        return
      case .discard: try disk.discard(sector: run.sector, count: run.sectorCount)
      case .writeZeroes(let mayUnmap): try disk.writeZeroes(sector: run.sector, count: run.sectorCount, mayUnmap: mayUnmap)
      }
      answers.append(contentsOf: run.requests.lazy.map { BlockAnswer(to: $0) })
    } catch {
      if run.requests.count > 1 {
        for part in run.parts { carryOut(part, &answers) }
      } else if let request = run.requests.first {
        answers.append(BlockAnswer(to: request, flaw: disk.flaw(Self.describe(error))))
      }
    }
  }

  private static func describe(_ error: any Error) -> String {
    switch error {
    case GuestMemoryError.host(let call, let code): "\(call) failed (\(SystemError(code: code)))"
    default: "\(error)"
    }
  }

  private func read(_ run: BlockRun, mayWait: Bool = true) throws {
    let segments = run.segments
    var done = 0
    for extent in try disk.extents(sector: run.sector, count: run.sectorCount) {
      let parts = segments.bytes(from: done, count: extent.count)
      // The image may have become shorter.
      guard try memory.read(from: extent.descriptor, offset: extent.offset, to: parts, mayWait: mayWait) == extent.count else {
        throw DiskError.outOfRange
      }
      done += extent.count
    }
  }

  private func write(_ run: BlockRun) throws {
    let extent = try disk.prepareWrite(sector: run.sector, count: run.sectorCount)
    try memory.write(to: extent.descriptor, offset: extent.offset, from: run.segments)
    disk.didWrite(sector: run.sector, count: run.sectorCount)
  }
}

extension DiskFile {
  /// What is an I/O error for the guest, in words for the user.
  func flaw(_ why: String) -> String { "\(path): \(why); the guest sees an I/O error" }
}
