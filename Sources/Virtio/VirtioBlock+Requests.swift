public import DeviceModel
import PCI
import Primitives

extension VirtioPCI where F == VirtioBlock {
  /// The next things for the disk's worker to do: none if there is nothing, or too much in flight.
  ///
  /// - Parameters:
  ///   - count: the most that are taken.
  ///   - limit: nothing is taken any more when so many sectors are wanted.
  public mutating func take(_ count: Int, sectors limit: UInt64 = .max, _ cycle: inout Cycle) -> [BlockRequest] {
    // What was taken before a queue made no sense has begun.
    var taken: [BlockRequest] = []
    work(&cycle) { block, queues, memory, cycle throws(QueueError) in
      try block.take(count, sectors: limit, into: &taken, from: &queues, memory, &cycle)
    }
    return taken
  }

  /// The worker has done requests, or failed to, of which the user hears. The driver hears of them together, and of one from before a
  /// reset not at all.
  public mutating func complete(_ answers: [BlockAnswer], _ cycle: inout Cycle) {
    for answer in answers { if let flaw = answer.flaw { cycle.effects.append(.complaint(flaw)) } }
    let ended = answers.compactMap { answer in function.inFlight.remove(answer.token).map { (pending: $0, isGood: answer.flaw == nil) } }
    guard !ended.isEmpty else { return }
    finishReset()
    work(&cycle) { block, queues, memory, _ throws(QueueError) in
      for (pending, isGood) in ended { try block.answer(pending, isGood ? VirtioBlock.Status.ok : VirtioBlock.Status.ioError, in: &queues, memory) }
    }
  }
}

extension VirtioBlock {
  /// Takes chains, of one queue as long as it has some; those that need no worker are answered here.
  fileprivate mutating func take(
    _ count: Int, sectors limit: UInt64, into taken: inout [BlockRequest], from queues: inout [Queue], _ memory: any RingMemory, _ cycle: inout Cycle
  ) throws(QueueError) {
    var sectors: UInt64 = 0
    // Others want the lock, too.
    for _ in 0..<Queue.maximumSize {
      guard let index = waiting.first, taken.count < count, sectors < limit, !inFlight.isFull else { break }
      guard let chain = try queues[index].pop(from: memory) else {
        waiting.removeFirst()
        continue
      }
      guard let request = try begin(chain, of: index, in: &queues, memory) else { continue }
      taken.append(request)
      sectors &+= request.sectorCount
    }
    guard !waiting.isEmpty else { return }
    if taken.isEmpty, !inFlight.isFull { cycle.changes.insert(.work) }
    waiting.append(waiting.removeFirst())
  }

  func answer(_ pending: Pending, _ status: UInt8, in queues: inout [Queue], _ memory: any RingMemory) throws(QueueError) {
    guard memory.setNumber(UInt64(status), 1, at: pending.status) else { throw .memory }
    // What a failed read left in the buffers is not claimed.
    try queues[pending.queue].push(pending.head, written: status == Status.ok ? pending.written : 1, to: memory)
  }

  /// Understands one chain: a request for the worker, or nil after an answer.
  private mutating func begin(_ chain: DescriptorChain, of index: Int, in queues: inout [Queue], _ memory: any RingMemory)
    throws(QueueError) -> BlockRequest?
  {
    // The last byte that we may write is the status.
    guard let last = chain.writable.last else { throw .noAnswer }
    let status = last.address + (last.count - 1)
    let space = chain.writableCount - 1
    func pending(written: Int) -> Pending { Pending(queue: index, head: chain.head, status: status, written: written + 1) }

    guard let type = try chain.number(4, after: 0, from: memory), let sector = try chain.number(8, after: 8, from: memory) else {
      try answer(pending(written: 0), Status.ioError, in: &queues, memory)
      return nil
    }
    switch type {
    case RequestType.read:
      return try transfer(.read, sector, chain.writable.bytes(from: 0, count: space), pending(written: space), in: &queues, memory)
    case RequestType.write:
      return try transfer(.write, sector, chain.readable.bytes(from: Self.headerSize), pending(written: 0), in: &queues, memory)
    case RequestType.flush:
      return request(.flush, 0, 0, [], pending(written: 0))
    case RequestType.identity:
      let count = try chain.write(Array(identity.prefix(space)), to: memory)
      try answer(pending(written: count), Status.ok, in: &queues, memory)
    case RequestType.discard where negotiated & Bit.discard != 0,
      RequestType.writeZeroes where negotiated & Bit.writeZeroes != 0:
      return try range(type, chain, pending(written: 0), in: &queues, memory)
    default:
      try answer(pending(written: 0), Status.unsupported, in: &queues, memory)
    }
    return nil
  }

  private mutating func request(
    _ operation: BlockRequest.Operation, _ sector: UInt64, _ count: UInt64, _ segments: ArraySlice<MemorySegment>,
    _ pending: Pending
  ) -> BlockRequest {
    BlockRequest(
      token: inFlight.add(pending), operation: operation, sector: sector, sectorCount: count, segments: segments)
  }

  private func isInside(_ sector: UInt64, _ count: UInt64) -> Bool {
    sector <= sectorCount && count <= sectorCount - sector
  }

  /// A read or write of whole sectors inside the disk, and not of nothing.
  private mutating func transfer(
    _ operation: BlockRequest.Operation, _ sector: UInt64, _ segments: ArraySlice<MemorySegment>, _ pending: Pending,
    in queues: inout [Queue], _ memory: any RingMemory
  ) throws(QueueError) -> BlockRequest? {
    let byteCount = segments.byteCount
    let count = UInt64(byteCount / Self.sectorSize)
    guard byteCount > 0, byteCount % Self.sectorSize == 0, isInside(sector, count),
      !(isReadOnly && operation == .write)
    else {
      try answer(pending, Status.ioError, in: &queues, memory)
      return nil
    }
    return request(operation, sector, count, segments, pending)
  }

  /// Discard or write-zeroes of the one range we take at a time.
  private mutating func range(
    _ type: UInt64, _ chain: DescriptorChain, _ pending: Pending, in queues: inout [Queue], _ memory: any RingMemory
  ) throws(QueueError) -> BlockRequest? {
    func number(_ byteCount: Int, at offset: Int) throws(QueueError) -> UInt64? {
      try chain.number(byteCount, after: Self.headerSize + offset, from: memory)
    }
    guard chain.readableCount == Self.headerSize + 16, let sector = try number(8, at: 0), let count = try number(4, at: 8),
      let flags = try number(4, at: 12)
    else {
      try answer(pending, Status.ioError, in: &queues, memory)
      return nil
    }
    let mayUnmap = flags == 1
    guard flags == 0 || mayUnmap && type == RequestType.writeZeroes else {
      try answer(pending, Status.unsupported, in: &queues, memory)
      return nil
    }
    guard count > 0, count <= Self.maximumRange, isInside(sector, count) else {
      try answer(pending, Status.ioError, in: &queues, memory)
      return nil
    }
    return request(
      type == RequestType.discard ? .discard : .writeZeroes(mayUnmap: mayUnmap), sector, count, [], pending)
  }
}
