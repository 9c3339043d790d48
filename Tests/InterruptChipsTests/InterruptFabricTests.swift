import DeviceModel
import Devices
import Primitives
import InterruptChips
import Synchronization
import SystemBus
import Testing

/// A machine's interrupt system on a clock that stands still until the test moves it.
private final class Board: Sendable {
  final class Counter: Sendable {
    let value = Atomic<UInt64>(0)
    var now: Instant { Instant(nanoseconds: value.load(ordering: .relaxed)) }
  }

  let fabric: InterruptFabric
  let bus: SystemBus
  private let clock: Counter

  init(processors: Int = 1) throws {
    let clock = Counter()
    self.clock = clock
    fabric = InterruptFabric(processors: processors) { clock.now }
    var bus = SystemBus()
    for target in fabric.targets { try bus.add(target) }
    self.bus = bus
  }

  func advance(to now: Instant) {
    clock.value.store(now.nanoseconds, ordering: .relaxed)
    fabric.advance()
  }

  func out(_ value: UInt64, _ port: Port) { bus.write(value, .byte, to: port) }

  /// The legacy controllers with vectors 0x30 and 0x38 and nothing masked.
  func initializePIC() {
    for (command, data, base, wire) in [(0x20, 0x21, 0x30, 4), (0xA0, 0xA1, 0x38, 2)] as [(Port, Port, UInt64, UInt64)] {
      for (value, port) in [(0x11, command), (base, data), (wire, data), (1, data)] { out(value, port) }
    }
  }

  /// Channel 0 every 4096 ticks, 3.4 ms.
  func startTimer() {
    for (value, port) in [(0x34, 0x43), (0x00, 0x40), (0x10, 0x40)] as [(UInt64, Port)] { out(value, port) }
  }

  /// Writes the two halves of an I/O APIC entry.
  func redirect(_ pin: UInt64, _ low: UInt64, to id: UInt64 = 0) {
    for (index, value) in [(0x11 + pin * 2, id << 24), (0x10 + pin * 2, low)] {
      bus.write(index, .dword, to: Platform.ioAPIC.first)
      bus.write(value, .dword, to: Platform.ioAPIC.first + 0x10)
    }
  }

  func local(_ value: UInt64, _ offset: Int, of processor: Int = 0) {
    fabric.writeLocalAPIC(processor, value, .dword, at: offset)
  }

  /// Switches all local APICs on, and the legacy controller off; starts the other processors.
  func enableLocals() {
    for processor in fabric.bells.indices {
      local(0x1FF, 0xF0, of: processor)
      local(0x1_0000, 0x350, of: processor)
    }
    local(0xC4610, 0x300)
    for processor in fabric.bells.indices.dropFirst() { _ = fabric.poll(processor) }
  }
}

@Suite struct InterruptFabricTests {
  // MARK: Lines

  @Test func aDeviceLineReachesTheFirstProcessorThroughTheLegacyController() throws {
    let board = try Board(processors: 2)
    board.initializePIC()
    board.fabric.setLine(4, true)
    #expect(board.fabric.bells[0].signals == .interrupt)
    #expect(board.fabric.bells[1].signals == [])
    #expect(board.fabric.poll(0) == .interrupt)
    #expect(board.fabric.acknowledge(0) == 0x34)
    #expect(board.fabric.bells[0].signals == [])
  }

  @Test func aLevelLineInterruptsItsProcessorUntilServed() throws {
    let board = try Board(processors: 2)
    board.enableLocals()
    board.redirect(22, 0x8051, to: 1)
    board.fabric.setLine(22, true)
    #expect(board.fabric.acknowledge(1) == 0x51)
    board.local(0, 0xB0, of: 1)
    #expect(board.fabric.bells[1].signals == .interrupt, "nobody served the device")
    #expect(board.fabric.acknowledge(1) == 0x51)
    board.fabric.setLine(22, false)
    board.local(0, 0xB0, of: 1)
    #expect(board.fabric.bells[1].signals == [])
  }

  @Test func aPCILineReachesTheLegacyControllerOnlyAsALegacyLine() throws {
    let board = try Board()
    board.initializePIC()
    board.out(0x0C, 0x4D1)
    board.fabric.setLine(16, true)
    #expect(board.fabric.poll(0) == .none)
    board.fabric.setLine(11, true)
    #expect(board.fabric.acknowledge(0) == 0x3B)
    board.fabric.setLine(11, false)
    board.out(0x20, 0xA0)
    board.out(0x20, 0x20)
    #expect(board.fabric.poll(0) == .none)
  }

  @Test func linesAndProcessorsThatDoNotExistAreIgnored() throws {
    let board = try Board()
    board.initializePIC()
    for line in [-1, 2, 24, Int.max] { board.fabric.setLine(line, true) }
    #expect(board.fabric.poll(0) == .none)
    #expect(board.fabric.poll(7) == .none)
    #expect(board.fabric.acknowledge(-1) == 0xFF)
    #expect(board.fabric.readLocalAPIC(1, .dword, at: 0x30) == 0xFFFF_FFFF)
    #expect(throws: GeneralProtection.self) { try board.fabric.readRegister(1, msr: 0x1B) }
  }

  // MARK: Time

  @Test func theTimerTicksThroughTheLegacyController() throws {
    let board = try Board()
    board.initializePIC()
    board.startTimer()
    var ticks = 0
    for _ in 0..<20 where ticks < 5 {
      board.advance(to: try #require(board.fabric.nextDeadline))
      guard board.fabric.poll(0) == .interrupt else { continue }
      #expect(board.fabric.acknowledge(0) == 0x30)
      board.out(0x20, 0x20)
      ticks += 1
    }
    #expect(ticks == 5)
  }

  @Test func theTimerIsPinTwoOfTheIOAPICAndMissedTicksAreOne() throws {
    let board = try Board()
    board.enableLocals()
    board.redirect(2, 0x30)
    board.startTimer()
    board.advance(to: .milliseconds(20))
    #expect(board.fabric.acknowledge(0) == 0x30)
    board.local(0, 0xB0)
    #expect(board.fabric.poll(0) == .none)
  }

  @Test func aLocalTimerIsADeadlineOfTheFabric() throws {
    let board = try Board()
    let moves = Board.Counter()
    board.enableLocals()
    board.fabric.whenDeadlineMoves { moves.value.add(1, ordering: .relaxed) }
    board.local(0xB, 0x3E0)
    board.local(0x40, 0x320)
    board.local(1_000_000, 0x380)
    #expect(moves.value.load(ordering: .relaxed) == 1)
    #expect(board.fabric.nextDeadline == .milliseconds(1))
    board.advance(to: .milliseconds(1))
    #expect(board.fabric.acknowledge(0) == 0x40)
    #expect(board.fabric.nextDeadline == nil)
  }

  // MARK: Messages

  @Test func aMessageWakesItsProcessorOnce() throws {
    let board = try Board(processors: 2)
    let wakes = Board.Counter()
    board.enableLocals()
    board.fabric.bells[1].whenRung { wakes.value.add(1, ordering: .relaxed) }
    let message = MSIMessage(address: 0xFEE0_1000, data: 0x41)
    board.fabric.send(message)
    board.fabric.send(message)
    #expect(wakes.value.load(ordering: .relaxed) == 1)
    #expect(board.fabric.acknowledge(1) == 0x41)
    board.local(0, 0xB0, of: 1)
    board.fabric.send(message)
    #expect(wakes.value.load(ordering: .relaxed) == 2)
  }

  @Test func lowestPriorityGoesToTheLeastBusyProcessorOnly() throws {
    let board = try Board(processors: 3)
    board.enableLocals()
    board.fabric.setTaskPriority(0, 8)
    board.fabric.setTaskPriority(2, 8)
    board.fabric.send(MSIMessage(address: 0xFEEF_F000, data: 0x1A1))
    #expect(board.fabric.bells.map(\.signals) == [[], .interrupt, []])
  }

  @Test func whatIsNoInterruptIsDropped() throws {
    let board = try Board()
    board.enableLocals()
    board.fabric.send(MSIMessage(address: 0x1000, data: 0x41))
    board.fabric.send(MSIMessage(address: 0xFEE0_0000, data: 0x741))
    board.fabric.send(MSIMessage(address: 0xFEE0_0000, data: 0x5))
    #expect(board.fabric.poll(0) == .none)
  }

  // MARK: Processors

  @Test func theFirstProcessorStartsTheOthers() throws {
    let board = try Board(processors: 3)
    #expect(!board.fabric.awaitsStartUp(0))
    #expect(board.fabric.awaitsStartUp(1))
    board.local(0xC4500, 0x300)
    board.local(0xC4610, 0x300)
    #expect(board.fabric.poll(0) == .none)
    for processor in 1...2 {
      #expect(board.fabric.bells[processor].signals == [.initialize, .startUp])
      #expect(board.fabric.poll(processor) == .initialize)
      #expect(board.fabric.poll(processor) == .startUp(0x10))
      #expect(board.fabric.poll(processor) == .none)
    }
  }

  @Test func aNonMaskableInterruptWaitsWhileOneIsHandled() throws {
    let board = try Board()
    board.local(0x4_4400, 0x300)
    #expect(board.fabric.poll(0) == .nonMaskable)
    for _ in 0..<10 { board.local(0x4_4400, 0x300) }
    #expect(board.fabric.bells[0].signals.isEmpty)
    #expect(board.fabric.poll(0) == .none)
    board.fabric.endNonMaskable(0)
    #expect(board.fabric.bells[0].signals == .nonMaskable)
    #expect(board.fabric.poll(0) == .nonMaskable)
    board.fabric.endNonMaskable(0)
    #expect(board.fabric.poll(0) == .none, "of all that came meanwhile, one waited")
  }

  @Test func twoNonMaskableInterruptsThatComeTogetherAreBothTaken() throws {
    let board = try Board()
    for _ in 0..<3 { board.local(0x4_4400, 0x300) }
    for _ in 0..<2 {
      #expect(board.fabric.poll(0) == .nonMaskable)
      board.fabric.endNonMaskable(0)
    }
    #expect(board.fabric.poll(0) == .none)
  }

  @Test func processorsInterruptEachOtherInBothModes() throws {
    let board = try Board(processors: 2)
    board.enableLocals()
    board.local(1 << 24, 0x310)
    board.local(0x40FD, 0x300)
    #expect(board.fabric.acknowledge(1) == 0xFD)
    try board.fabric.writeRegister(1, msr: 0x1B, 0xFEE0_0C00)
    #expect(board.fabric.localAPICBase(1) == nil)
    #expect(board.fabric.localAPICBase(0) == 0xFEE0_0000)
    #expect(try board.fabric.readRegister(1, msr: 0x802) == 1)
    try board.fabric.writeRegister(1, msr: 0x830, 0xFC)
    #expect(board.fabric.acknowledge(0) == 0xFC)
  }

  @Test func raisingTaskPriorityHidesAnInterrupt() throws {
    let board = try Board()
    board.enableLocals()
    board.fabric.send(MSIMessage(address: 0xFEE0_0000, data: 0x41))
    board.fabric.setTaskPriority(0, 4)
    #expect(board.fabric.bells[0].signals == [])
    #expect(board.fabric.taskPriority(0) == 4)
    board.fabric.setTaskPriority(0, 3)
    #expect(board.fabric.poll(0) == .interrupt)
  }

  @Test func aResetForgetsEverything() throws {
    let board = try Board(processors: 2)
    board.enableLocals()
    board.startTimer()
    board.fabric.send(MSIMessage(address: 0xFEEF_F000, data: 0x41))
    board.fabric.reset()
    #expect(board.fabric.bells.map(\.signals) == [[], []])
    #expect(board.fabric.nextDeadline == nil)
    #expect(board.fabric.awaitsStartUp(1))
  }
}
