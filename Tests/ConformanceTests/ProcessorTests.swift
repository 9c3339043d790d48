import GuestRAM
import Primitives
import Processor
import TestSupport
import Testing

extension ConformanceTests {
  @Suite struct ProcessorTests {
    @Test("a line of the interrupt controllers interrupts real mode", arguments: BackendKind.available)
    func lineInterrupt(kind: BackendKind) throws {
      let end = try GuestRun(firmware: firmware(program("line_interrupt"))).run(on: kind)
      #expect(end.accesses == [.out(0xE0, .byte, 0x10), .out(0xE0, .byte, 0x25)])
    }

    @Test("an interrupt message interrupts 64-bit mode", arguments: BackendKind.available)
    func messageInterrupt(kind: BackendKind) throws {
      let run = try GuestRun()
      let start = try LongMode.start(program("message_interrupt"), in: run.memory) { _ in }
      let end = try run.run(on: kind, from: start)
      #expect(end.accesses == [.out(0xE0, .byte, 0x99)])
    }

    @Test("line 0, the timer's, is pin 2 of the I/O APIC", arguments: BackendKind.available)
    func timerPin(kind: BackendKind) throws {
      let run = try GuestRun(line: 0)
      let start = try LongMode.start(program("timer_pin"), in: run.memory) { _ in }
      let end = try run.run(on: kind, from: start)
      #expect(end.accesses == [.out(0xE0, .byte, 0x77)])
    }

    @Test("a level line interrupts until its device is served", arguments: BackendKind.available)
    func levelLine(kind: BackendKind) throws {
      let run = try GuestRun()
      let start = try LongMode.start(program("level_line"), in: run.memory) { _ in }
      let end = try run.run(on: kind, from: start)
      #expect(end.accesses == [1, 2, 3].map { .out(0xE0, .byte, $0) })
    }

    @Test("whatever a guest writes to the interrupt chips, it goes on", arguments: BackendKind.available)
    func hammeredChips(kind: BackendKind) throws {
      let run = try GuestRun()
      let start = try LongMode.start(program("hammer_chips"), in: run.memory) { $0[.rcx] = 500 }
      let end = try run.run(on: kind, from: start)
      #expect(try end.ends[0].get() == .kicked)
      #expect(end.state[.rcx] == 0)
    }

    @Test("the timer wakes a halted processor", arguments: BackendKind.available)
    func timerWakes(kind: BackendKind) throws {
      let end = try GuestRun(firmware: firmware(program("timer_wakes"))).run(on: kind)
      // Where the host lets it wait there may be one more.
      #expect(Array(end.accesses.prefix(3)) == [1, 2, 3].map { .out(0xE0, .byte, $0) })
    }

    @Test("the second processor waits for its start-up message", arguments: BackendKind.available)
    func secondProcessor(kind: BackendKind) throws {
      let run = try GuestRun(processors: 2)
      try run.memory.write(program("second"), at: 0x8000)
      let start = try LongMode.start(program("start_second"), in: run.memory) { $0[.rsp] = 0x7000 }
      let end = try run.run(on: kind, from: start)
      #expect(end.accesses == [.out(0xE0, .word, 0x800), .out(0xE4, .dword, 0x2222)])
      #expect(end.ends.map { try? $0.get() } == [.kicked, .kicked])
    }

    @Test("A11 a processor that halts with interrupts off, beside one that was never started, has halted for good", arguments: BackendKind.available)
    func haltedForGood(kind: BackendKind) throws {
      let run = try GuestRun(processors: 2)
      let start = try LongMode.start([0xFA, 0xF4, 0xEB, 0xFD], in: run.memory) { _ in }
      #expect(try run.run(on: kind, from: start).ends.map { try $0.get() } == [.halted, .halted])
    }

    @Test("A11 a processor that halts with interrupts off can be woken as long as another one runs, or sleeps", arguments: BackendKind.available)
    func wokenByAnother(kind: BackendKind) throws {
      let run = try GuestRun(processors: 2)
      try run.memory.write(program("deaf"), at: 0x8000)
      let start = try LongMode.start(program("wake_deaf"), in: run.memory) { _ in }
      let end = try run.run(on: kind, from: start)
      #expect(end.accesses == [.out(0xE0, .byte, 0x4E)])
      #expect(try end.ends.map { try $0.get() } == [.kicked, .kicked])
    }

    @Test("a kick stops a guest that spins", arguments: BackendKind.available)
    func kick(kind: BackendKind) throws {
      let end = try GuestRun(firmware: firmware(program("spin"))).run(on: kind)
      #expect(try end.ends[0].get() == .kicked)
    }

    @Test("a triple fault shuts the processor down", arguments: BackendKind.available)
    func tripleFault(kind: BackendKind) throws {
      let end = try GuestRun(firmware: firmware(program("triple_fault"))).run(on: kind)
      #expect(try end.ends[0].get() == .shutdown)
      #expect(end.accesses.isEmpty)
    }

    @Test("what is put into a processor comes out of it", arguments: BackendKind.available)
    func stateRoundTrip(kind: BackendKind) throws {
      let memory = try GuestMemory(size: 1 << 20)
      let backend = try kind.make(memory: memory, processors: 1)
      let processor = try backend.makeProcessor(0)
      #expect(try processor.state().isAsAfterReset)
      let state = try LongMode.start([], in: memory) { state in
        for index in 0..<16 { state.registers[index] = 0x0101_0101_0101_0101 * UInt64(index + 1) }
        state.cr2 = 0x1234_5000
        state.cr8 = 5
        state.rflags = 0x246
      }
      try processor.setState(state)
      #expect(try processor.state() == state)
    }

    @Test("instructions that a KVM may not know run all the same", arguments: BackendKind.available)
    func unemulated(kind: BackendKind) throws {
      let run = try GuestRun()
      let start = try LongMode.start(program("unemulated"), in: run.memory) { $0[.rsi] = 0x5000 }
      let end = try run.run(on: kind, from: start)
      #expect(end.accesses == [.out(0xE4, .dword, 0x37F), .out(0xE4, .dword, 42), .out(0xE4, .dword, 8)])
    }

    @Test("a page fault of an instruction that a KVM may not know is the guest's", arguments: BackendKind.available)
    func faultOfUnemulated(kind: BackendKind) throws {
      let run = try GuestRun()
      let start = try LongMode.start(program("unemulated"), in: run.memory) { $0[.rsi] = 1 << 40 }
      let end = try run.run(on: kind, from: start)
      // No interrupt table has anything in it.
      #expect(try end.ends[0].get() == .shutdown)
      // KVM on AMD's processors resets one that shuts down.
      #expect(end.state.cr2 == 1 << 40 || end.state.isAsAfterReset)
    }

    @Test(
      "an instruction that neither the host nor we can execute is named",
      .enabled(if: BackendKind.isSoftwareKVM, "this KVM executes every instruction"))
    func unknown() throws {
      let run = try GuestRun()
      let start = try LongMode.start(program("unknown"), in: run.memory) { _ in }
      let end = try run.run(on: .kvm, from: start)
      let error = #expect(throws: ProcessorError.self) { try end.ends[0].get() }
      #expect(error?.message.contains("c5 f8 77") == true)
    }
  }
}
