import DeviceModel
import GuestRAM
import PCI
import PCIBus
import Primitives
import SystemBus
import TestSupport
import Testing

@testable import Machine

/// What a hostile guest does to the board, without a processor that does it: thousands of accesses a second.
@Suite struct RandomAccessTests {
  @Test("A1 HG-01 accesses at random do no damage: windows anywhere, rings anywhere, resets in between", arguments: 0..<16 as Range<UInt64>)
  func random(seed: UInt64) throws {
    var fuzzer = BoardFuzzer(try HostileBench(), seed: seed)
    for _ in 0..<1000 { fuzzer.step() }
    fuzzer.bench.describe()
    fuzzer.bench.expectNoDamage()
    // A reset mends whatever it was.
    fuzzer.bench.board.reset()
    #expect(fuzzer.bench.board.bridge.ecam == Platform.ecam)
  }
}

/// Does one thing after another that follows from a seed.
private struct BoardFuzzer {
  let bench: HostileBench
  private var chance: Chance

  init(_ bench: HostileBench, seed: UInt64) {
    self.bench = bench
    chance = Chance(seed)
  }

  mutating func step() {
    switch chance.below(16) {
    case 0, 1: access(port)
    case 2, 3: access(register)
    case 4, 5: access(GuestAddress(place()))
    case 6, 7: access(window(of: slot) + chance.one(of: [0, 0x1000, 0x2000, 0x3000]) + chance.below(0x40))
    case 8, 9: slot.writeConfiguration(value(), .byte, at: chance.below(256))
    case 10: configureByPorts()
    case 11: store(value(), at: place())
    case 12, 13: useQueue()
    case 14: bench.describe()
    default: if chance.below(8) == 0 { bench.board.reset() } else { slot.writeConfiguration(6, .byte, at: 4) }
    }
  }

  // MARK: Places

  private var slot: any PCISlot { mutating get { chance.one(of: bench.board.bridge.slots) } }

  private var port: Port {
    mutating get {
      let ranges = bench.board.targets.flatMap(\.placement.ports)
      let range = chance.one(of: ranges)
      return chance.below(4) == 0 ? Port(UInt16(truncatingIfNeeded: chance.next())) : range.first + (chance.below(Int(range.count) + 2) - 1)
    }
  }

  private var register: GuestAddress {
    mutating get {
      let range = chance.one(of: bench.board.targets.compactMap(\.placement.memory))
      return range.first + chance.below(Int(min(range.count, 0x2000)))
    }
  }

  private func window(of slot: any PCISlot) -> GuestAddress {
    GuestAddress(slot.readConfiguration(.dword, at: 0x10) & 0xFFFF_FFF0)
  }

  /// An address where something begins or ends, or any.
  private mutating func place() -> UInt64 {
    let size = bench.memory.size
    let near = UInt64(chance.below(64))
    return switch chance.below(10) {
    case 0...3: chance.next() % size
    case 4: size &- near
    case 5: 0xA_0000 &+ chance.next() % 0x6_0000
    case 6: Platform.pciMemory.first.value &+ chance.next() % 0x10_0000
    case 7: Platform.fourGiB &- near &* 0x800
    case 8: 0 &- near
    default: chance.next()
    }
  }

  private mutating func value() -> UInt64 {
    switch chance.below(4) {
    case 0: chance.one(of: HostileAccessTests.values)
    case 1: place()
    case 2: UInt64(chance.below(256))
    default: chance.next()
    }
  }

  // MARK: Steps

  private mutating func access<Space>(_ address: Address<Space>) {
    let width = chance.one(of: AccessWidth.allCases)
    if chance.below(3) == 0 { bench.read(width, from: address) } else { bench.write(value(), width, to: address) }
  }

  private mutating func configureByPorts() {
    bench.write(0x8000_0000 | chance.next() % 0x1_0000, .dword, to: Port(0xCF8))
    access(Port(0xCFC) + chance.below(4))
  }

  /// A driver makes a device ready, up to a queue that mostly lies in RAM, with a chain that may lead anywhere, and rings.
  private mutating func useQueue() {
    let (slot, place) = (slot, chance.below(4))
    let start = Platform.pciMemory.first + 0x1000_0000 + place * 0x1_0000
    slot.writeConfiguration(start.value, .dword, at: 0x10)
    slot.writeConfiguration(6, .word, at: 4)
    let queue = chance.one(of: [0, 0, 0, 1, 2])
    for (offset, value, width) in [
      (0x14, 0, .byte), (0x14, 1, .byte), (0x14, 3, .byte), (0x8, 0, .dword), (0xC, 0, .dword), (0x8, 1, .dword), (0xC, 1, .dword),
      (0x14, 11, .byte), (0x16, queue, .word), (0x18, 8, .word),
    ] as [(Int, Int, AccessWidth)] { bench.write(UInt64(value), width, to: start + offset) }
    let rings = (0..<3).map { _ in somewhere() & ~0xFFF }
    for (ring, offset) in zip(rings, [0x20, 0x28, 0x30]) {
      bench.write(ring & 0xFFFF_FFFF, .dword, to: start + offset)
      bench.write(ring >> 32, .dword, to: start + offset + 4)
    }
    let header = chance.next() % bench.memory.size
    store(UInt64(chance.one(of: [0, 1, 4, 8, 11, 13])), at: header)
    store(UInt64(chance.below(70)), at: header &+ 8)
    describeBuffer(rings[0], at: header, count: 16, flags: 1, next: 1)
    let count = chance.one(of: [1, 16, 512, 512, 4096, 0xFFFF_FFFF])
    let (flags, next) = (chance.one(of: [1, 1, 3, 3, 5]), chance.one(of: [2, 2, 2, 1, 9]))
    describeBuffer(rings[0] &+ 16, at: somewhere(), count: count, flags: flags, next: next)
    describeBuffer(rings[0] &+ 32, at: somewhere(), count: 1, flags: 2, next: 0)
    store(0x1_0000, at: rings[1])
    bench.write(1, .word, to: start + 0x1C)
    bench.write(15, .byte, to: start + 0x14)
    bench.write(0, .word, to: start + 0x3000 + queue * 4)
  }

  /// Mostly in RAM.
  private mutating func somewhere() -> UInt64 { chance.below(8) == 0 ? place() : chance.next() % bench.memory.size }

  private func describeBuffer(_ descriptor: UInt64, at address: UInt64, count: Int, flags: Int, next: Int) {
    store(address, at: descriptor)
    store(UInt64(count | flags << 32 | next << 48), at: descriptor &+ 8)
  }

  private func store(_ value: UInt64, at address: UInt64) { try? bench.memory.store(value, at: GuestAddress(address)) }
}
