import TestSupport
import Testing

/// Debian's Xen, unmodified, with Debian's standard kernel as its first guest.
@Suite("Xen", .serialized, .enabled(if: BootFiles.present?.xen != nil, "needs Debian's Xen; scripts/test fetches it"))
struct XenTests {
  private let files: BootFiles
  private let xen: BootFiles.Xen

  init() throws {
    files = try #require(BootFiles.present)
    xen = try #require(files.xen)
  }

  private static let runs: [BootFiles.Step] = [
    "Xen version 4.17", " Dom0 kernel: 64-bit", "Linux version 6.1.0-", "Booting kernel on Xen",
    "SWBOOT-GUEST-INIT", "/ # ", .user(types: "exit\n"), "(XEN) Entering ACPI S5 state.", .ends(0),
  ]
  private static let options = ["--memory", "1G", "--timeout", "240s"]

  @Test("C2 boots its first guest to a shell, given as a kernel with modules", .enabled(if: Guests.runsAll, "\(Guests.brevity)"))
  func direct() throws {
    let linux = try #require(files.guests.standard)
    try files.boot(
      Self.options + [
        "--kernel", xen.kernel, "--append", "com1=115200 console=com1 dom0_mem=256M", "--module", "\(linux.kernel) console=hvc0",
        "--module", linux.initramfs,
      ], ["swboot firmware"] + Self.runs)
  }

  @Test("C2 boots its first guest to a shell, loaded by GRUB from a disk", .enabled(if: Guests.runsAll, "\(Guests.brevity)"))
  func grub() throws {
    try files.boot(Self.options + ["--disk", xen.disk + ",snapshot"], ["Welcome to GRUB!"] + Self.runs)
  }
}
