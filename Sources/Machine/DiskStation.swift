internal import DeviceModel
internal import GuestRAM
internal import Host
internal import PCI
internal import PCIBus
internal import Primitives
internal import Virtio

/// A disk of the board: does what a guest asks of it, with whatever waiting for the host that takes.
struct DiskStation: Station {
  let slot: FunctionSlot<VirtioPCI<VirtioBlock>>
  let disk: DiskFile
  let memory: GuestMemory
  let worker: Worker

  func serve() {
    while let request = slot.access({ $0.next(&$1) }) {
      let flaw = carryOut(request)
      slot.access { device, cycle in
        device.complete(request.token, ok: flaw == nil, &cycle)
        if let flaw { cycle.effects.append(.complaint(flaw)) }
      }
    }
  }

  /// Makes everything durable, as a machine does that loses its power in order; says what went wrong.
  func close() -> String? {
    settle()
    do throws(DiskError) { try disk.flush() } catch {
      return "\(disk.path): what the guest wrote last may not be on the disk (\(error))."
    }
    return nil
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
    disk.didWrite(sector: request.sector, count: request.sectorCount)
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
