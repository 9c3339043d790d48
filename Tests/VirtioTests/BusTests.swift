import DeviceModel
import GuestRAM
import PCI
import PCIBus
import Primitives
import Synchronization
import SystemBus
import Testing
import Virtio

/// A machine that only remembers levels.
private final class Levels: Backplane {
  let levels = Mutex<[Int: Bool]>([:])
  var now: Instant { .start }
  func carryOut(_ cycle: Cycle, of placement: Placement) {
    if let level = cycle.interrupt, let line = placement.line { levels.withLock { $0[line] = level } }
  }
}

/// Tells a task that the other has finished.
private final class Finish: Sendable {
  private let flag = Atomic(false)
  var isReached: Bool { flag.load(ordering: .relaxed) }
  func reach() { flag.store(true, ordering: .relaxed) }
}

@Suite("A virtio function on the bus")
struct BusTests {
  private static let window: UInt64 = 0xC000_0000

  private func made(_ memory: GuestMemory) throws -> (SystemBus, FunctionSlot<VirtioPCI<VirtioBlock>>, Levels) {
    let backplane = Levels()
    let wires = PCIWires(on: backplane)
    let slot = FunctionSlot(
      VirtioPCI(VirtioBlock(sectorCount: 64), memory: memory), at: FunctionAddress(slot: 2), Placement("disk"),
      wires: wires, on: backplane)
    var bus = SystemBus()
    try bus.add(HostBridge([slot], wires: wires, on: backplane))
    let function = Platform.ecam.first + (2 << 15)
    bus.write(Self.window, .dword, to: function + 0x10)
    bus.write(6, .word, to: function + 4)
    return (bus, slot, backplane)
  }

  private func register(_ offset: Int) -> GuestAddress { GuestAddress(Self.window) + offset }

  /// One queue of two places at 64 KiB, with a flush in it.
  private func start(_ bus: SystemBus, _ memory: GuestMemory) throws {
    for step in [0, 1, 3] as [UInt64] { bus.write(step, .byte, to: register(0x14)) }
    bus.write(1, .dword, to: register(8))
    bus.write(1, .dword, to: register(0xC))
    bus.write(11, .byte, to: register(0x14))
    bus.write(2, .word, to: register(0x18))
    for (offset, address) in [(0x20, 0x1_0000), (0x28, 0x1_1000), (0x30, 0x1_2000)] as [(Int, UInt64)] {
      bus.write(address, .qword, to: register(offset))
    }
    bus.write(1, .word, to: register(0x1C))
    bus.write(15, .byte, to: register(0x14))
    var bytes: [UInt8] = []
    for (address, count, flags, next) in [(0x1_3000, 16, 1, 1), (0x1_4000, 1, 2, 0)] as [(UInt64, UInt32, UInt16, UInt16)] {
      bytes.append(littleEndian: address)
      bytes.append(littleEndian: count)
      bytes.append(littleEndian: flags)
      bytes.append(littleEndian: next)
    }
    try memory.fill(0, count: 0x4000, at: 0x1_1000)
    try memory.write(bytes, at: 0x1_0000)
    try memory.store(UInt32(4), at: 0x1_3000)
    try memory.storeIndex(1, at: 0x1_1002)
    bus.write(0, .word, to: register(0x3000))
  }

  @Test("a completion from another thread pulls the disk's wire until the guest looks")
  func completion() throws {
    let memory = try GuestMemory(size: 1 << 20)
    let (bus, slot, backplane) = try made(memory)
    try start(bus, memory)
    let request = try #require(slot.access { function, cycle in function.take(1, &cycle).first })
    #expect(request.operation == .flush)
    slot.access { function, cycle in function.complete([BlockAnswer(to: request)], &cycle) }
    #expect(backplane.levels.withLock { $0 } == [22: true])
    #expect(bus.read(.byte, from: register(0x1000)) == 1)
    #expect(backplane.levels.withLock { $0 } == [22: false])
  }

  @Test("VQ-29 reset, kicks and completions on several processors end in one order")
  func race() async throws {
    let memory = try GuestMemory(size: 1 << 20)
    let (bus, slot, _) = try made(memory)
    await withTaskGroup(of: Void.self) { group in
      group.addTask {
        for _ in 0..<300 { try? start(bus, memory) }
      }
      group.addTask {
        for _ in 0..<1000 { bus.write(0, .word, to: register(0x3000)) }
      }
      group.addTask {
        for _ in 0..<1000 {
          guard let request = slot.access({ function, cycle in function.take(1, &cycle).first }) else { continue }
          slot.access { function, cycle in function.complete([BlockAnswer(to: request)], &cycle) }
        }
      }
    }
    try start(bus, memory)
    let request = try #require(slot.access { function, cycle in function.take(1, &cycle).first })
    slot.access { function, cycle in function.complete([BlockAnswer(to: request)], &cycle) }
    #expect(try memory.load(UInt16.self, at: 0x1_2002) == 1)
  }

  @Test("VQ-27 descriptors that change under the device are used as they were checked")
  func doubleFetch() async throws {
    let memory = try GuestMemory(size: 1 << 20)
    let (bus, slot, _) = try made(memory)
    let finish = Finish()
    let isSound = await withTaskGroup(of: Bool.self) { group in
      group.addTask {
        var seed: UInt64 = 1
        while !finish.isReached {
          seed = seed &* 6_364_136_223_846_793_005 &+ 1
          try? memory.store(seed >> 33 & 1 == 0 ? UInt64(0x1_3000) : .max, at: 0x1_0000)
          try? memory.store(UInt32(truncatingIfNeeded: seed >> 40) & 0x1F, at: 0x1_0008)
          try? memory.store(UInt16(truncatingIfNeeded: seed >> 50) & 7, at: 0x1_000C)
        }
        return true
      }
      group.addTask {
        defer { finish.reach() }
        for _ in 0..<300 {
          guard (try? start(bus, memory)) != nil else { return false }
          guard let request = slot.access({ function, cycle in function.take(1, &cycle).first }) else { continue }
          let areSound = request.segments.allSatisfy { memory.contains($0.address, count: $0.count) }
          slot.access { function, cycle in function.complete([BlockAnswer(to: request)], &cycle) }
          if !areSound { return false }
        }
        return true
      }
      return await group.reduce(true) { $0 && $1 }
    }
    #expect(isSound)
  }
}
