import TestSupport
import Testing

/// The chipset's drivers of Debian's standard kernel, which its kernel for virtual machines does not have.
@Suite("the chipset as Debian's standard kernel sees it", .serialized, .enabled(if: Guests.present?.standard != nil, "\(Guests.absence)"))
struct ChipsetTests {
  /// Loads the watchdog's driver, for so many seconds.
  private static func loadWatchdog(seconds: Int) -> String {
    "cd /modules; for m in watchdog iTCO_vendor_support intel_pmc_bxt lpc_ich; do insmod $m.ko; done; "
      + "insmod iTCO_wdt.ko heartbeat=\(seconds)"
  }

  private func run(_ command: String) throws -> ChildProcess.End {
    let guests = try #require(Guests.present)
    return guests.linux(command, kernel: guests.standard)
  }

  @Test("C3 it warns of nothing that it does not warn of on QEMU's q35")
  func warnings() throws {
    let end = try run(Self.loadWatchdog(seconds: 30) + "; dmesg -r | sed -n 's/^<[0-4]>/WARNED /p'; dmesg")
    #expect(end.status == 0, "\(end.errors)")
    let warnings = end.output.split(separator: "\n").filter { $0.hasPrefix("WARNED ") }
    #expect(warnings.isEmpty)
    #expect(!end.output.contains("could not be reserved"))
    #expect(end.output.contains("i8042: PNP: No PS/2 controller found."), "nobody can press a key")
    #expect(end.output.contains("iTCO_wdt.1.auto: initialized. heartbeat=30 sec"), "\(end.output)")
  }

  @Test("C3 a watchdog that is opened and not fed ends the run with its own status")
  func watchdogRunsOut() throws {
    let end = try run(Self.loadWatchdog(seconds: 5) + "; exec 3>/dev/watchdog; echo OPENED; sleep 200")
    #expect(end.output.contains("OPENED"), "\(end.output)")
    #expect(end.status == 238, "\(end.errors)")
    #expect(end.errors.contains("watchdog"))
  }

  @Test("C3 a watchdog that is closed in order lets the guest go on")
  func watchdogClosed() throws {
    let end = try run(Self.loadWatchdog(seconds: 5) + "; exec 3>/dev/watchdog; echo V >&3; exec 3>&-; sleep 8; echo ALIVE")
    #expect(end.status == 0, "\(end.errors)")
    #expect(end.output.contains("ALIVE"))
  }
}
