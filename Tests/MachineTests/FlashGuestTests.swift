import Machine
import TestSupport
import Testing

/// A flash chip as a guest sees it.
@Suite struct FlashGuestTests {
  private func guest(_ name: String, _ chip: TemporaryFile, on accelerator: Configuration.Accelerator) -> SmallGuest {
    var guest = SmallGuest(name, on: accelerator)
    guest.configuration.firmwareVariables = chip.path
    guest.configuration.timeout = 2
    return guest
  }

  @Test("FL-02 a chip that is asked for its status reads as that, and then as memory again", arguments: SmallGuest.accelerators)
  func status(accelerator: Configuration.Accelerator) throws {
    let chip = TemporaryFile([UInt8](repeating: UInt8(ascii: "*"), count: 0x1_0000))
    let guest = guest("flash_status", chip, on: accelerator)
    #expect(try guest.run() == .exited(code: 3))
    // Between its data the guest shows half of the status, 80h: ready.
    #expect(guest.console == "*@*")
  }

  @Test("FL-02 a guest that executes a chip's status is the only one harmed", arguments: SmallGuest.accelerators)
  func execution(accelerator: Configuration.Accelerator) throws {
    let chip = TemporaryFile([UInt8](repeating: 0xF4, count: 0x1_0000))
    let outcome = try guest("run_status", chip, on: accelerator).run()
    #expect([234, 232, 236, 204, 224].contains(outcome.exitStatus), "\(outcome)")
    #expect(chip.bytes == [UInt8](repeating: 0xF4, count: 0x1_0000))
  }
}
