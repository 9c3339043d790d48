internal import DeviceModel
internal import GuestRAM
internal import Host
internal import PCI
internal import Primitives
internal import Virtio

/// Does a disk's requests on a thread of its own, so that no processor waits for the host's storage.
final class StorageWorker: Sendable {
  let slot: FunctionSlot<VirtioPCI<VirtioBlock>>
  private let disk: DiskFile
  private let memory: GuestMemory

  private struct State: Sendable {
    var isAwake = false
    var isWorking = false
  }
  private let state = Monitor(State())
  private let isImmediate: Bool

  /// - Parameter isImmediate: whoever wakes the worker does its work, so that every request ends where it began.
  init(
    _ slot: FunctionSlot<VirtioPCI<VirtioBlock>>, disk: DiskFile, memory: GuestMemory, isImmediate: Bool = false
  ) throws(SystemError) {
    self.slot = slot
    self.disk = disk
    self.memory = memory
    self.isImmediate = isImmediate
    guard !isImmediate else { return }
    _ = try HostThread(name: slot.placement.name) { [self] in
      while true {
        _ = state.wait { state -> Bool? in
          guard state.isAwake else { return nil }
          state = State(isAwake: false, isWorking: true)
          return true
        }
        work()
        state.update { $0.isWorking = false }
      }
    }
  }

  private func work() {
    while let request = slot.access({ $0.next(&$1) }) {
      let flaw = carryOut(request)
      slot.access { device, cycle in
        device.complete(request.token, ok: flaw == nil, &cycle)
        if let flaw { cycle.complaint = flaw }
      }
    }
  }

  func wake() {
    guard isImmediate else { return state.update { $0.isAwake = true } }
    // What is woken by its own work goes on with it.
    let isFirst = state.update { state in
      defer { state.isWorking = true }
      return !state.isWorking
    }
    guard isFirst else { return }
    work()
    state.update { $0.isWorking = false }
  }

  /// Waits for what is under way: until then the worker may still write to guest RAM.
  func settle() {
    let end = HostClock.nanoseconds() + 5_000_000_000
    _ = state.wait(until: { _ in end }) { $0.isAwake || $0.isWorking ? nil : true }
  }

  /// Makes everything durable, as a machine does that loses its power in order.
  func close() {
    settle()
    do throws(DiskError) { try disk.flush() } catch {
      Program.say("swboot: \(disk.path): what the guest wrote last may not be on the disk (\(error)).")
    }
  }

  /// What is an I/O error for the guest, in words for the user; nil if all went well.
  private func carryOut(_ request: BlockRequest) -> String? {
    do {
      switch request.operation {
      case .read: try read(request)
      case .write: try write(request)
      case .flush: try disk.flush()
      case .discard: try disk.discard(sector: request.sector, count: request.sectorCount)
      case .writeZeroes(let mayUnmap):
        try disk.writeZeroes(sector: request.sector, count: request.sectorCount, mayUnmap: mayUnmap)
      }
      return nil
    } catch {
      return "\(disk.path): \(Self.describe(error)); the guest sees an I/O error"
    }
  }

  private static func describe(_ error: any Error) -> String {
    switch error {
    case GuestMemoryError.host(let call, let code): "\(call) failed (\(SystemError(code: code)))"
    default: "\(error)"
    }
  }

  private func read(_ request: BlockRequest) throws {
    let extents = try disk.extents(sector: request.sector, count: request.sectorCount)
    try pair(extents, request.segments) { extent, offset, address, count in
      // An image that became shorter has nothing to say here.
      let done = try memory.read(from: extent.descriptor, offset: extent.offset + Int64(offset), count: count, to: address)
      guard done == count else { throw DiskError.outOfRange }
    }
  }

  private func write(_ request: BlockRequest) throws {
    let extent = try disk.prepareWrite(sector: request.sector, count: request.sectorCount)
    try pair([extent], request.segments) { extent, offset, address, count in
      try memory.write(to: extent.descriptor, offset: extent.offset + Int64(offset), count: count, from: address)
    }
  }

  /// Walks file extents and guest segments, which have the same total, in pieces that lie in one of each.
  private func pair(
    _ extents: [DiskExtent], _ segments: [DescriptorChain.Segment],
    _ body: (DiskExtent, Int, GuestAddress, Int) throws -> Void
  ) throws {
    var extentIndex = 0
    var inExtent = 0
    for segment in segments {
      var inSegment = 0
      while inSegment < segment.count, extentIndex < extents.count {
        let extent = extents[extentIndex]
        let count = min(extent.count - inExtent, segment.count - inSegment)
        try body(extent, inExtent, segment.address + inSegment, count)
        inExtent += count
        inSegment += count
        if inExtent == extent.count {
          extentIndex += 1
          inExtent = 0
        }
      }
    }
  }
}
