import DeviceModel
import GuestRAM
import Host
import KVMBackend
import Primitives
import Processor
import SoftBackend
import SystemBus
import TestSupport
import Testing

/// A guest of one processor that is taken from backend to backend while it runs: after each byte that it writes to port
/// E0, and once while it is halted.
final class MovingGuest: Backplane {
  private struct Present: Sendable {
    var backend: any Backend
    var processor: any Processor
    var isOver = false
    var moves = 0
  }

  let memory: GuestMemory
  private let present: Monitor<Present>
  private let path: [BackendKind]

  /// - Parameter path: the backends that take turns.
  init(_ memory: GuestMemory, along path: [BackendKind], from start: ArchitecturalState) throws {
    self.memory = memory
    self.path = path
    let backend = try path[0].make(memory: memory, processors: 1)
    let processor = try backend.makeProcessor(0)
    try processor.setArchitecturalState(start)
    present = Monitor(Present(backend: backend, processor: processor))
  }

  var moves: Int { present.update { $0.moves } }

  /// Runs to the end; what the guest did to its device, and what the processor is then.
  func run() throws -> (accesses: [Access], state: ArchitecturalState) {
    let slot = Slot(Recorder(memory: nil), Recorder.placement(memory: nil, line: 5), on: self)
    while true {
      let (backend, processor) = present.update { ($0.backend, $0.processor) }
      var bus = SystemBus()
      try bus.add(slot)
      for chip in backend.chips { try bus.add(chip) }
      try #require(try processor.run(on: bus) == .kicked)
      if present.update({ $0.isOver }) { break }
      if slot.access({ recorder, _ in recorder.accesses.last == .out(0xE2, .byte, 0) }) { try waitForHalt(processor, bus) }
      try move()
    }
    let end = try present.update { $0.processor }.architecturalState()
    return (slot.access { recorder, _ in recorder.accesses }, end)
  }

  /// The guest is about to halt: lets it, and then sends what wakes it to where it has been moved.
  private func waitForHalt(_ processor: any Processor, _ bus: SystemBus) throws {
    let kind = path[moves % path.count]
    // A KVM that is software itself ends a HLT at each signal, so that nobody ever sees a halted processor there.
    let canBeSeen = kind == .soft || !BackendKind.isSoftwareKVM
    for _ in 0..<10_000 where try canBeSeen && processor.architecturalState().activity != .halted {
      _ = try HostThread(name: "kick") { processor.kick() }
      try #require(try processor.run(on: bus) == .kicked)
    }
    if canBeSeen { try #require(try processor.architecturalState().activity == .halted) }
    try move()
    present.update { $0.backend }.interrupts.send(MSIMessage(address: 0xFEE0_0000, data: 0x41))
  }

  private func move() throws {
    let (processor, moves) = present.update { present in
      present.moves += 1
      return (present.processor, present.moves)
    }
    let state = try processor.architecturalState()
    let backend = try path[moves % path.count].make(memory: memory, processors: 1)
    let next = try backend.makeProcessor(0)
    try next.setArchitecturalState(state)
    present.update { ($0.backend, $0.processor) = (backend, next) }
  }

  // MARK: Backplane

  var now: Instant { .start }

  /// The guest stops after each of its accesses.
  func carryOut(_ cycle: Cycle, of placement: Placement) {
    let (backend, processor) = present.update { present in
      if cycle.power != nil { present.isOver = true }
      return (present.backend, present.processor)
    }
    for message in cycle.messages { backend.interrupts.send(message) }
    processor.kick()
  }
}

extension ConformanceTests {
  @Suite("A guest on its way between backends") struct MovingTests {
    /// A state in which every part differs from what it is after reset.
    private static func start(in memory: GuestMemory, withAVX: Bool) throws -> ArchitecturalState {
      let registers = try LongMode.start(program("moving"), in: memory) { state in
        state.cr4 |= 0x4_0600
        state[.rsp] = 0x9000
      }
      var vectors = [UInt8](repeating: 0, count: ArchitecturalState.vectorSize)
      vectors.replaceSubrange(0..<2, with: [0x7F, 0x03])
      vectors.replaceSubrange(24..<32, with: [0x80, 0x1F, 0, 0, 0xFF, 0xFF, 0, 0])
      for place in 160..<416 { vectors[place] = UInt8(truncatingIfNeeded: place &* 7) }
      vectors[512] = 3
      if withAVX {
        for place in 576..<832 { vectors[place] = UInt8(truncatingIfNeeded: place &* 11) }
        vectors[512] = 7
      }
      var state = ArchitecturalState(
        registers: registers, vectors: vectors, xcr0: withAVX ? 7 : 3,
        modelSpecificValues: ArchitecturalState.modelSpecific.map { $0 == 0x277 ? 0x0007_0406_0007_0406 : UInt64($0 & 0xFF) << 12 })
      state.debug.addresses = [0x1111, 0x2222, 0x3333, 0x4444]
      return state
    }

    /// Whether every backend has AVX on this host.
    private static func haveAVX(_ path: [BackendKind]) throws -> Bool {
      let memory = try GuestMemory(size: 1 << 20)
      let start = try start(in: memory, withAVX: true)
      return path.allSatisfy { kind in
        (try? kind.make(memory: memory, processors: 1).makeProcessor(0).setArchitecturalState(start)) != nil
      }
    }

    @Test(
      "a hundred moves between backends change nothing of what a guest does and becomes",
      arguments: [
        [BackendKind.soft], [.kvm], [.kvm, .soft], [.soft, .splitKVM], [.splitKVM, .kvm, .soft],
      ].filter { $0.allSatisfy(\.isAvailable) })
    func hundredMoves(path: [BackendKind]) throws {
      let memory = try GuestMemory(size: 1 << 20)
      let start = try Self.start(in: memory, withAVX: Self.haveAVX(path))
      let guest = try MovingGuest(memory, along: path, from: start)
      let end = try guest.run()
      #expect(guest.moves > 100)
      let sum = (0..<100).reduce(0, +)
      #expect(end.accesses.filter { $0 == .out(0xE0, .byte, 0x99) }.count == 2, "one interrupt was pending, one woke it")
      #expect(
        end.accesses.suffix(4) == [
          .out(0xE4, .dword, UInt64(sum)), .out(0xE4, .dword, 0x2222), .out(0xE4, .dword, 0x8_2000), .out(0xE4, .dword, 0x1234),
        ])
      #expect(end.state.vectors[192...] == start.vectors[192...], "XMM2 and on, and the upper halves, are as they were")
      #expect(end.state.xcr0 == start.xcr0 && end.state.debug == start.debug)
      #expect(end.state.modelSpecificValues == start.modelSpecificValues)
    }
  }
}
