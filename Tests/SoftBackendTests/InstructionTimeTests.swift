import DeviceModel
import GuestRAM
import Primitives
import Processor
import SystemBus
import Testing
import Time

import SoftBackend

@Suite("Time that is counted in instructions")
struct InstructionTimeTests {
  /// From 1000 in real mode until all sleep for good.
  private func run(_ code: [UInt8]) throws -> (state: ProcessorState, time: Instant) {
    let memory = try GuestMemory(size: 1 << 20)
    try memory.write(code, at: 0x1000)
    let time = InstructionTime()
    let backend = try SoftBackend(memory: memory, clock: GuestClock(counting: time), random: { 42 }, deadlineMoved: { time.reschedule() })
    let chips = backend.chips
    time.connect(earliest: { chips.compactMap(\.deadline).min() }) {
      for chip in chips where chip.deadline.map({ $0 <= time.now }) == true { chip.advance() }
    }
    var bus = SystemBus()
    for chip in chips { try bus.add(chip) }
    let processor = try backend.makeProcessor(0)
    var state = ProcessorState.reset
    state.cs = .realMode(0)
    state.rip = 0x1000
    state[.rsp] = 0x800
    try processor.setState(state)
    #expect(try processor.run(on: bus) == .halted)
    return (try processor.state(), time.now)
  }

  @Test("a loop takes the same time in every run")
  func loop() throws {
    // rdtsc; mov ebx, eax; mov cx, 1000; l: loop l; rdtsc; sub eax, ebx; cli; hlt
    let code: [UInt8] = [0x0F, 0x31, 0x66, 0x89, 0xC3, 0xB9, 0xE8, 0x03, 0xE2, 0xFE, 0x0F, 0x31, 0x66, 0x29, 0xD8, 0xFA, 0xF4]
    let runs = try (0..<3).map { _ in try run(code) }
    #expect(runs.allSatisfy { $0.state == runs[0].state && $0.time == runs[0].time })
    // Blocks count whole, whatever follows in them.
    #expect((1000..<1100).contains(runs[0].state[.rax] / InstructionTime.nanosecondsPerInstruction))
  }

  @Test("the time of a sleep passes at once, up to the timer's interrupt")
  func sleep() throws {
    // The interval timer's first channel in mode 0 with 65535 ticks, its vector 8 at 1040.
    let code: [UInt8] = [
      0x31, 0xC0, 0x8E, 0xD8, 0x8E, 0xD0,  // xor ax, ax; mov ds, ax; mov ss, ax
      0xC7, 0x06, 0x20, 0x00, 0x40, 0x10, 0xC7, 0x06, 0x22, 0x00, 0x00, 0x00,  // the vector
      0xB0, 0x11, 0xE6, 0x20, 0xB0, 0x08, 0xE6, 0x21, 0xB0, 0x04, 0xE6, 0x21, 0xB0, 0x01, 0xE6, 0x21,  // the controller
      0xB0, 0xFE, 0xE6, 0x21, 0xB0, 0x30, 0xE6, 0x43, 0xB0, 0xFF, 0xE6, 0x40, 0xE6, 0x40,
      0xFB, 0xF4, 0xEB, 0xFD,  // sti; hlt
    ]
    let handler: [UInt8] = [0xB3, 0x77, 0xFA, 0xF4]  // mov bl, 77h; cli; hlt
    let end = try run(code + [UInt8](repeating: 0x90, count: 0x40 - code.count) + handler)
    #expect(end.state[.rbx] & 0xFF == 0x77)
    // 65535 ticks of 1.193182 MHz.
    #expect((54_900_000...54_950_000).contains(end.time.nanoseconds))
  }

  @Test("what is random follows from the machine's source")
  func random() throws {
    // rdrand eax; cli; hlt
    #expect(try run([0x66, 0x0F, 0xC7, 0xF0, 0xFA, 0xF4]).state[.rax] == 42)
  }
}
