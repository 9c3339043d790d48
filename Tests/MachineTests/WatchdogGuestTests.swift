import Machine
import Testing

/// A guest that starts the chipset's watchdog and never feeds it. Its time is counted in instructions: nobody waits.
@Suite struct WatchdogGuestTests {
  // mov dx, 0x672; mov ax, 4; out dx, ax; mov dx, 0x668; xor eax, eax; out dx, ax; sti; again: hlt; jmp again
  private static let code: [UInt8] = [
    0x66, 0xBA, 0x72, 0x06, 0x66, 0xB8, 0x04, 0x00, 0x66, 0xEF,
    0x66, 0xBA, 0x68, 0x06, 0x31, 0xC0, 0x66, 0xEF, 0xFB, 0xF4, 0xEB, 0xFD,
  ]

  private func guest() -> SmallGuest {
    var guest = SmallGuest(code: Self.code, on: .soft)
    guest.configuration.seed = 0
    return guest
  }

  @Test("C3 it ends the run with the watchdog's own status")
  func stops() throws {
    let outcome = try guest().run()
    #expect(outcome == .watchdog && outcome.exitStatus == 238)
  }

  @Test("C3 it resets the guest where the user says so")
  func resets() throws {
    var guest = guest()
    guest.configuration.watchdog = .reset
    guest.configuration.stopsOnReset = true
    #expect(try guest.run() == .reset)
  }
}
