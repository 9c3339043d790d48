internal import Primitives
internal import SystemBus

/// IN and OUT, and who may use which port.
extension Core {
  func input(_ i: Instruction, _ port: UInt64) throws(Fault) {
    let width = min(i.width, 4)
    setRegister(0, try portRead(UInt16(truncatingIfNeeded: port), Int(width)), width)
  }
  func output(_ i: Instruction, _ port: UInt64) throws(Fault) {
    try portWrite(UInt16(truncatingIfNeeded: port), self[.rax], Int(min(i.width, 4)))
    // The device may have changed the memory map, or ended the machine.
    if self[.attention] != 0 { leave(to: i.next) }
  }

  func checkPort(_ port: UInt16, _ count: Int) throws(Fault) {
    guard isProtected, cpl > ioPrivilege || isVirtual8086 else { return }
    let task = segmentBase(.task)
    let limit = segmentLimit(.task)
    guard limit >= 0x67 else { throw .protection }
    let map = try readSystem(task &+ 0x66) & 0xFFFF &+ UInt64(port) / 8
    guard map &+ 1 <= limit else { throw .protection }
    let bits = try readSystem(task &+ map) >> UInt64(port & 7)
    if bits & (1 << UInt64(count) - 1) != 0 { throw .protection }
  }
  func portRead(_ port: UInt16, _ count: Int) throws(Fault) -> UInt64 {
    try checkPort(port, count)
    guard let width = AccessWidth(byteCount: count) else { return 0 }
    return context.bus.read(width, from: Port(port))
  }
  func portWrite(_ port: UInt16, _ value: UInt64, _ count: Int) throws(Fault) {
    try checkPort(port, count)
    guard let width = AccessWidth(byteCount: count) else { return }
    context.bus.write(value & width.mask, width, to: Port(port))
  }
}
