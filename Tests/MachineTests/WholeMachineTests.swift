import Glibc
import Machine
import TestSupport
import Testing

/// How a run ends, by guests of a few instructions on the whole machine.
@Suite(.serialized)
struct WholeMachineTests {
  @Test("soft-off through power management ends the run with status 0", arguments: SmallGuest.accelerators)
  func powerOff(accelerator: Configuration.Accelerator) throws {
    let outcome = try SmallGuest("power_off", on: accelerator).run()
    #expect(outcome == .poweredOff)
    #expect(outcome.exitStatus == 0)
  }

  @Test("a machine that is made has its kernel, wherever that one's name leads then", arguments: SmallGuest.accelerators)
  func openedKernel(accelerator: Configuration.Accelerator) throws {
    // mov $3, %al; out %al, $0xF4
    let guest = SmallGuest(code: [0xB0, 3, 0xE6, 0xF4], on: accelerator)
    let outcome = try guest.run {
      if let kernel = guest.configuration.kernel { unsafe unlink(kernel) }
    }
    #expect(outcome == .exited(code: 7))
  }

  @Test("a reset ends the run where none is wanted", arguments: SmallGuest.accelerators)
  func noReboot(accelerator: Configuration.Accelerator) throws {
    var guest = SmallGuest("count_keyboard_resets", on: accelerator)
    guest.configuration.stopsOnReset = true
    let outcome = try guest.run()
    #expect(outcome == .reset)
    #expect(outcome.exitStatus == 0)
  }

  @Test("a reset starts the guest anew and leaves its RAM alone", arguments: SmallGuest.accelerators)
  func reset(accelerator: Configuration.Accelerator) throws {
    let outcome = try SmallGuest("count_keyboard_resets", on: accelerator).run()
    #expect(outcome == .exited(code: 7))
  }

  @Test("a reset by port 0xCF9 starts the guest anew, too", arguments: SmallGuest.accelerators)
  func portReset(accelerator: Configuration.Accelerator) throws {
    #expect(try SmallGuest("count_port_resets", on: accelerator).run() == .exited(code: 7))
  }

  @Test("a guest that resets the machine by port 0xCF9, after it has used port 0xCF8, need not do anything more", arguments: SmallGuest.accelerators)
  func lastReset(accelerator: Configuration.Accelerator) throws {
    // mov $0xCF8, %dx; mov $0x80000000, %eax; out %eax, %dx; mov $0xCF9, %dx; mov $6, %al; out %al, %dx; jmp .
    let code: [UInt8] = [0x66, 0xBA, 0xF8, 0x0C, 0xB8, 0, 0, 0, 0x80, 0xEF, 0x66, 0xBA, 0xF9, 0x0C, 0xB0, 6, 0xEE, 0xEB, 0xFE]
    var guest = SmallGuest(code: code, on: accelerator)
    guest.configuration.stopsOnReset = true
    #expect(try guest.run() == .reset)
  }

  @Test("the guest's exit code is its value, doubled, plus one", arguments: SmallGuest.accelerators)
  func debugExit(accelerator: Configuration.Accelerator) throws {
    #expect(try SmallGuest("debug_exit", on: accelerator).run().exitStatus == 0x2B)
  }

  @Test("the timer wakes a guest that sleeps", arguments: SmallGuest.accelerators)
  func timerWakes(accelerator: Configuration.Accelerator) throws {
    #expect(try SmallGuest("timer_wakes", on: accelerator).run() == .exited(code: 1))
  }

  @Test("a trace shows what the guest does to the timer", arguments: SmallGuest.accelerators)
  func tracedTimer(accelerator: Configuration.Accelerator) throws {
    let file = TemporaryFile([])
    var guest = SmallGuest("timer_wakes", on: accelerator)
    guest.configuration.trace = .init(events: ["pit"], file: file.path)
    #expect(try guest.run() == .exited(code: 1))
    let accesses = file.text.split(separator: "\n").map { $0.drop { $0 != "p" } }
    #expect(accesses.count == 3)
    #expect(accesses.first?.contains("0x34") == true)
  }

  @Test("a reported panic ends the run with status 234", arguments: SmallGuest.accelerators)
  func reportedPanic(accelerator: Configuration.Accelerator) throws {
    let outcome = try SmallGuest("report_panic", on: accelerator).run()
    #expect(outcome == .panicked)
    #expect(outcome.exitStatus == 234)
  }

  @Test("a kernel's last words on the console end the run, and are all kept", arguments: SmallGuest.accelerators)
  func lastWords(accelerator: Configuration.Accelerator) throws {
    let guest = SmallGuest("last_words", on: accelerator)
    #expect(try guest.run() == .panicked)
    #expect(guest.console == "[    1.0] Kernel panic - not syncing: no init\n")
  }

  @Test("VC-01 a guest that goes on for ever ends with its time", arguments: SmallGuest.accelerators)
  func timeout(accelerator: Configuration.Accelerator) throws {
    var guest = SmallGuest("spin_only", on: accelerator)
    guest.configuration.timeout = 0.1
    let outcome = try guest.run()
    #expect(outcome == .timedOut)
    #expect(outcome.exitStatus == 224)
  }

  @Test("VC-01 a guest that spins with interrupts off ends with its time, too", arguments: SmallGuest.accelerators)
  func deafSpin(accelerator: Configuration.Accelerator) throws {
    // cli; jmp to itself
    var guest = SmallGuest(code: [0xFA, 0xEB, 0xFE], on: accelerator)
    guest.configuration.timeout = 0.1
    #expect(try guest.run() == .timedOut)
  }

  @Test("A11 VC-01 a processor that halts with interrupts off ends the run", arguments: SmallGuest.accelerators)
  func deafHalt(accelerator: Configuration.Accelerator) throws {
    // cli; hlt
    let outcome = try SmallGuest(code: [0xFA, 0xF4, 0xEB, 0xFC], on: accelerator).run()
    #expect(outcome == .halted)
    #expect(outcome.exitStatus == 236)
  }

  @Test("VC-01 an instruction that does not exist is in the trace by name and count")
  func undefinedInstruction() throws {
    let trace = TemporaryFile([])
    // vaddps ymm0, ymm0, ymm0, with no interrupt table
    var guest = SmallGuest(code: [0xC5, 0xFC, 0x58, 0xC0], on: .soft)
    guest.configuration.trace = Configuration.Trace(events: ["cpu"], file: trace.path)
    guard case .tripleFault = try guest.run() else {
      Issue.record("the run ended otherwise")
      return
    }
    #expect(trace.text.hasSuffix(" cpu: undefined instruction VEX 0F 58 /0 register: 1\n"), "\(trace.text)")
  }

  @Test("VC-01 a triple fault ends the run and shows the registers", arguments: SmallGuest.accelerators)
  func tripleFault(accelerator: Configuration.Accelerator) throws {
    let outcome = try SmallGuest("triple_fault", on: accelerator).run()
    guard case .tripleFault(let registers) = outcome else {
      Issue.record("the run ended otherwise: \(outcome)")
      return
    }
    #expect(registers.contains("rip") && registers.contains("rbx 000000000000600d"))
    #expect(outcome.exitStatus == 232)
  }

  @Test("a triple fault is a reset where the user says so", arguments: SmallGuest.accelerators)
  func tripleFaultResets(accelerator: Configuration.Accelerator) throws {
    var guest = SmallGuest("triple_fault", on: accelerator)
    guest.configuration.tripleFault = .reset
    guest.configuration.stopsOnReset = true
    #expect(try guest.run() == .reset)
  }

  @Test("the serial console's bytes arrive as the guest sent them", arguments: SmallGuest.accelerators)
  func console(accelerator: Configuration.Accelerator) throws {
    let guest = SmallGuest("hello_console", on: accelerator)
    #expect(try guest.run() == .poweredOff)
    #expect(guest.console == "hello\r\n")
  }
}
