import TestSupport
import Testing

/// Debian's other kernels, unmodified, on the software processor.
@Suite("other kernels", .serialized, .enabled(if: Guests.present != nil, "\(Guests.absence)"))
struct OtherKernelTests {
  @Test("the standard kernel boots and reads its disk", .enabled(if: Guests.runsAll, "\(Guests.brevity)"))
  func standard() throws {
    let guests = try #require(Guests.present)
    let kernel = try #require(guests.standard)
    let end = guests.linux("cat /mnt/etc/issue", ["--disk", guests.disk + ",snapshot"], kernel: kernel)
    expectBoot(end)
    #expect(end.output.contains("swboot guest disk"))
  }

  @Test("the 32-bit kernel boots with a 32-bit shell and reads its disk", .enabled(if: Guests.runsAll, "\(Guests.brevity)"))
  func i386() throws {
    let guests = try #require(Guests.present)
    let kernel = try #require(guests.i386)
    let end = guests.linux("cat /mnt/etc/issue; uname -m", ["--disk", guests.disk + ",snapshot"], kernel: kernel)
    expectBoot(end)
    #expect(end.output.contains("swboot guest disk"))
    #expect(end.output.contains("i686"))
    let panic = guests.linux("echo c > /proc/sysrq-trigger", kernel: kernel)
    #expect(panic.status == 234 && panic.errors.contains("? ksys_write+0x"), "\(panic.errors)")
  }

  @Test("A17 a kernel taken out of its bzImage boots at its PVH entry")
  func vmlinux() throws {
    let guests = try #require(Guests.present)
    let kernel = Guests.Linux(kernel: try #require(guests.vmlinux), initramfs: guests.cloud.initramfs)
    let end = guests.linux("echo sum $((6 * 7))", kernel: kernel)
    expectBoot(end)
    #expect(end.output.contains("sum 42"))
    #expect(end.output.contains("Booting paravirtualized kernel"))
  }

  @Test("A20 without messages, virtio interrupts come by lines of the I/O APIC")
  func lines() throws {
    let guests = try #require(Guests.present)
    let end = guests.linux("cat /mnt/etc/issue /proc/interrupts", ["--disk", guests.disk + ",snapshot"], line: "pci=nomsi")
    expectBoot(end)
    #expect(end.output.contains("swboot guest disk"))
    // The disk is in slot 2.
    #expect(end.output.contains(/22: +[1-9][0-9]* +IO-APIC +22-fasteoi +virtio0/))
  }

  @Test("a kernel without ACPI finds the windows and the legacy lines of its devices")
  func withoutACPI() throws {
    let guests = try #require(Guests.present)
    let end = guests.linux("cat /mnt/etc/issue /proc/interrupts", ["--disk", guests.disk + ",snapshot"], line: "acpi=off pci=nomsi")
    // It cannot turn the machine off: it halts for good.
    #expect(end.status == 236 && end.output.contains("SWBOOT-GUEST-DONE 0"), "\(end.errors)")
    #expect(end.output.contains("swboot guest disk"))
    // The disk is in slot 2.
    #expect(end.output.contains(/11: +[1-9][0-9]* +XT-PIC +.*virtio/))
  }

  @Test("A21 a kernel can end the run in all its ways to reboot", arguments: ["", "reboot=t", "acpi=off"])
  func reboot(_ line: String) throws {
    let end = try #require(Guests.present).linux("", ["--no-reboot"], line: "\(line) rdinit=/bin/busybox -- reboot -f")
    #expect(end.output.contains("reboot: Restarting system"), "\(end.output)")
    // A triple fault is a crash for whoever does not want the guest to go on.
    #expect(end.status == (line == "reboot=t" ? 232 : 0), "\(end.errors)")
  }

  @Test("A21 after a reset it boots again, and its disk is as it left it")
  func again() throws {
    let guests = try #require(Guests.present)
    let image = TemporaryFile()
    #expect(ChildProcess.run("/bin/cp", ["--sparse=always", guests.disk, image.path]).status == 0)
    let command = "[ -e /mnt/again ] || { touch /mnt/again; umount /mnt; sync; reboot -f; }; echo second time"
    let end = guests.linux(command, ["--disk", image.path])
    expectBoot(end)
    #expect(end.output.contains("second time"))
    #expect(end.output.components("SWBOOT-GUEST-INIT") == 2)
  }

  private func expectBoot(_ end: ChildProcess.End) {
    #expect(end.status == 0, "\(end.errors)")
    #expect(end.output.contains("SWBOOT-GUEST-INIT") && end.output.contains("SWBOOT-GUEST-DONE 0"), "\(end.output)")
    #expect(!end.output.contains("WARNING:") && !end.output.contains("BUG:"), "\(end.output)")
  }
}

extension String {
  /// How often a text occurs.
  fileprivate func components(_ text: String) -> Int { ranges(of: text).count }
}
