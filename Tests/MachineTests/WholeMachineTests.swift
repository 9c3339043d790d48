import Machine
import Testing

/// How a run ends, by guests of a few instructions on the whole machine.
@Suite(.serialized, .enabled(if: SmallGuest.isPossible, "/dev/kvm is not usable here"))
struct WholeMachineTests {
  @Test("soft-off through power management ends the run with status 0")
  func powerOff() throws {
    let outcome = try SmallGuest("power_off").run()
    #expect(outcome == .poweredOff)
    #expect(outcome.exitStatus == 0)
  }

  @Test("a reset ends the run where none is wanted")
  func noReboot() throws {
    var guest = SmallGuest("count_keyboard_resets")
    guest.configuration.stopsOnReset = true
    let outcome = try guest.run()
    #expect(outcome == .reset)
    #expect(outcome.exitStatus == 0)
  }

  @Test("a reset starts the guest anew and leaves its RAM alone")
  func reset() throws {
    let outcome = try SmallGuest("count_keyboard_resets").run()
    #expect(outcome == .exited(code: 7))
  }

  @Test("a reset by port 0xCF9 starts the guest anew, too")
  func portReset() throws {
    #expect(try SmallGuest("count_port_resets").run() == .exited(code: 7))
  }

  @Test("the guest's exit code is its value, doubled, plus one")
  func debugExit() throws {
    #expect(try SmallGuest("debug_exit").run().exitStatus == 0x2B)
  }

  @Test("a reported panic ends the run with status 134")
  func reportedPanic() throws {
    let outcome = try SmallGuest("report_panic").run()
    #expect(outcome == .panicked)
    #expect(outcome.exitStatus == 134)
  }

  @Test("a kernel's last words on the console end the run, and are all kept")
  func lastWords() throws {
    let guest = SmallGuest("last_words")
    #expect(try guest.run() == .panicked)
    #expect(guest.console == "[    1.0] Kernel panic - not syncing: no init\n")
  }

  @Test("VC-01 a guest that goes on for ever ends with its time")
  func timeout() throws {
    var guest = SmallGuest("spin_only")
    guest.configuration.timeout = 0.1
    let outcome = try guest.run()
    #expect(outcome == .timedOut)
    #expect(outcome.exitStatus == 124)
  }

  @Test("VC-01 a triple fault ends the run and shows the registers")
  func tripleFault() throws {
    let outcome = try SmallGuest("triple_fault").run()
    guard case .tripleFault(let registers) = outcome else {
      Issue.record("the run ended otherwise: \(outcome)")
      return
    }
    #expect(registers.contains("rip") && registers.contains("rbx 000000000000600d"))
    #expect(outcome.exitStatus == 135)
  }

  @Test("a triple fault is a reset where the user says so")
  func tripleFaultResets() throws {
    var guest = SmallGuest("triple_fault")
    guest.configuration.tripleFault = .reset
    guest.configuration.stopsOnReset = true
    #expect(try guest.run() == .reset)
  }

  @Test("the serial console's bytes arrive as the guest sent them")
  func console() throws {
    let guest = SmallGuest("hello_console")
    #expect(try guest.run() == .poweredOff)
    #expect(guest.console == "hello\r\n")
  }
}
