import FirmwareCore
import GuestRAM
import Primitives
import Synchronization

/// A machine whose firmware has started the boot sector of disk 0, and now serves its interrupts.
final class BootedMachine {
  /// The registers of a caller in real mode.
  struct Registers: Equatable {
    var eax: UInt32 = 0
    var ebx: UInt32 = 0
    var ecx: UInt32 = 0
    var edx: UInt32 = 0
    var esi: UInt32 = 0
    var edi: UInt32 = 0
    var ebp: UInt32 = 0
    var ds: UInt16 = 0
    var es: UInt16 = 0
    /// Set before each call, so that a service must say that it did well.
    var carry = true
    var zero = false

    var ah: UInt32 { eax >> 8 & 0xFF }
  }

  static let frame: GuestAddress = 0x5000
  let machine: TestMachine
  var firmware: Firmware<TestMachine>
  var isWaiting = false

  init(ram: UInt64 = 4 << 20, disks: [[UInt8]] = [BootedMachine.disk()], failsReads: Bool = false, hasDisplay: Bool = false) throws {
    machine = try TestMachine(
      ram: ram, disks: disks, items: try TestBoard.items(ram: ram), failsReads: failsReads, hasDisplay: hasDisplay)
    firmware = Firmware(machine)
    firmware.start()
    machine.record.withLock { $0.serial = [] }
  }

  /// A disk of numbered sectors behind a boot sector.
  static func disk(sectors: Int = 64) -> [UInt8] {
    var bytes: [UInt8] = []
    for sector in 0..<sectors { bytes += [UInt8](repeating: UInt8(truncatingIfNeeded: sector), count: 512) }
    bytes.replaceSubrange(510..<512, with: [0x55, 0xAA])
    return bytes
  }

  func call(_ vector: UInt8, _ registers: Registers) throws -> Registers {
    let memory = machine.memory
    let frame = Self.frame
    try memory.store(registers.es, at: frame)
    try memory.store(registers.ds, at: frame + 2)
    let words: [(Int, UInt32)] = [
      (4, registers.edi), (8, registers.esi), (12, registers.ebp), (20, registers.ebx), (24, registers.edx),
      (28, registers.ecx), (32, registers.eax),
    ]
    for (offset, value) in words { try memory.store(value, at: frame + offset) }
    try memory.store(UInt16(vector), at: frame + 36)
    try memory.store(UInt16((registers.carry ? 1 : 0) | (registers.zero ? 0x40 : 0) | 0x202), at: frame + 42)
    isWaiting = firmware.serve(frame)
    var result = Registers()
    result.es = try memory.load(at: frame)
    result.ds = try memory.load(at: frame + 2)
    result.edi = try memory.load(at: frame + 4)
    result.esi = try memory.load(at: frame + 8)
    result.ebp = try memory.load(at: frame + 12)
    result.ebx = try memory.load(at: frame + 20)
    result.edx = try memory.load(at: frame + 24)
    result.ecx = try memory.load(at: frame + 28)
    result.eax = try memory.load(at: frame + 32)
    let flags: UInt16 = try memory.load(at: frame + 42)
    result.carry = flags & 1 != 0
    result.zero = flags & 0x40 != 0
    return result
  }
}
