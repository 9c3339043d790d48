import DeviceModel
import DeviceTesting
import GuestRAM
import PCI
import Primitives
import Virtio

/// What a disk's driver adds: headers, status bytes, and a worker with an array for a disk.
extension MockDriver where F == VirtioBlock {
  static var header: UInt64 { buffers }
  static var statusByte: UInt64 { buffers + 0x100 }
  static var data: UInt64 { buffers + 0x1000 }

  func writeHeader(_ type: UInt32, sector: UInt64 = 0, at address: UInt64? = nil) throws {
    var bytes: [UInt8] = []
    bytes.append(littleEndian: type)
    bytes.append(littleEndian: UInt32(0))
    bytes.append(littleEndian: sector)
    try memory.write(bytes, at: GuestAddress(address ?? Self.header))
    try memory.store(UInt8(0xEE), at: GuestAddress(Self.statusByte))
  }

  /// A request of the usual three buffers; type 0 reads from the disk.
  func request(_ type: UInt32, sector: UInt64 = 0, count: UInt32 = 512, header: UInt64? = nil, queue: Int = 0) throws {
    try writeHeader(type, sector: sector, at: header)
    let direction: UInt16 = type == 0 || type == 8 ? Flag.write : 0
    var buffers = [Buffer(address: header ?? Self.header, count: 16)]
    if count > 0 { buffers.append(Buffer(address: Self.data, count: count, flags: direction)) }
    buffers.append(Buffer(address: Self.statusByte, count: 1, flags: Flag.write))
    try add(buffers, queue: queue)
    kick(queue: queue)
  }

  func answer() throws -> UInt8 { try memory.load(at: GuestAddress(Self.statusByte)) }

  func next() -> BlockRequest? { device.take(1, &cycle).first }
  func complete(_ request: BlockRequest, ok: Bool = true) { device.complete([BlockAnswer(to: request, flaw: ok ? nil : "it is broken")], &cycle) }

  /// Sends a request that never reaches the worker; returns the answer.
  func refused(_ type: UInt32, sector: UInt64 = 0, count: UInt32 = 512) throws -> UInt8? {
    try request(type, sector: sector, count: count)
    guard next() == nil else { return nil }
    return try answer()
  }
}
