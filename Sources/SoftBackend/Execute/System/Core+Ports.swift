internal import Primitives
internal import SystemBus

/// IN and OUT, and who may use which port.
extension Core {
  func port(_ i: Instruction) -> UInt16 {
    i.opcode < 0xE8 ? UInt16(truncatingIfNeeded: i.immediate & 0xFF) : UInt16(truncatingIfNeeded: self[.rdx])
  }
  func checkPort(_ port: UInt16, _ count: Int) throws(Fault) {
    guard isProtected, UInt64(cpl) > self[.systemFlags] >> 12 & 3 || isVirtual8086 else { return }
    let task = segmentBase(Segment.task)
    let limit = segmentLimit(Segment.task)
    guard limit >= 0x67 else { throw .protection }
    let map = try readSystem(task &+ 0x66) & 0xFFFF &+ UInt64(port) / 8
    guard map &+ 1 <= limit else { throw .protection }
    let bits = try readSystem(task &+ map) >> UInt64(port & 7)
    if bits & (1 << UInt64(count) - 1) != 0 { throw .protection }
  }
  func portRead(_ port: UInt16, _ count: Int) throws(Fault) -> UInt64 {
    try checkPort(port, count)
    guard let width = AccessWidth(byteCount: count) else { return 0 }
    return processor.bus.read(width, from: Port(port))
  }
  func portWrite(_ port: UInt16, _ value: UInt64, _ count: Int) throws(Fault) {
    try checkPort(port, count)
    guard let width = AccessWidth(byteCount: count) else { return }
    processor.bus.write(value & width.mask, width, to: Port(port))
  }
}
