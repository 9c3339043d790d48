import Glibc
import TestSupport
import Testing

/// Debian's unmodified kernel on the software processor, with no KVM at all.
@Suite("Debian's kernel", .serialized, .enabled(if: Guests.present != nil, "\(Guests.absence)"))
struct LinuxTests {
  @Test("it boots to a shell in its initramfs, runs commands and powers off", arguments: 1...3)
  func initramfs(_ round: Int) throws {
    let end = try #require(Guests.present).linux("echo sum $((6 * 7)); cat /proc/version")
    #expect(end.status == 0, "\(end.errors)")
    #expect(end.output.contains("SWBOOT-GUEST-INIT"))
    #expect(end.output.contains("sum 42"))
    #expect(end.output.contains("Linux version"))
    #expect(end.output.contains("SWBOOT-GUEST-DONE 0"))
    #expect(end.output.contains("reboot: Power down"))
    #expect(!end.output.contains("WARNING:") && !end.output.contains("BUG:"), "\(end.output)")
  }

  @Test("what it writes to a file on its virtio disk is there after power-off", arguments: 1...3)
  func disk(_ round: Int) throws {
    let guests = try #require(Guests.present)
    let image = TemporaryFile()
    #expect(ChildProcess.run("/bin/cp", ["--sparse=always", guests.disk, image.path]).status == 0)
    let end = guests.linux("echo round-\(round) > /mnt/note && sync", ["--disk", image.path])
    #expect(end.status == 0, "\(end.errors)")
    #expect(end.output.contains("SWBOOT-GUEST-DONE 0"))
    #expect(ChildProcess.run("/sbin/debugfs", ["-R", "cat /note", image.path]).output == "round-\(round)\n")
    #expect(ChildProcess.run("/sbin/e2fsck", ["-f", "-n", image.path]).status == 0)
  }

  @Test("it finds and uses two processors")
  func processors() throws {
    let end = try #require(Guests.present).linux("nproc; taskset 2 cat /proc/interrupts", ["--cpus", "2"])
    #expect(end.status == 0, "\(end.errors)")
    #expect(end.output.contains("smp: Brought up 1 node, 2 CPUs"))
    #expect(end.output.contains("SWBOOT-GUEST-DONE 0"))
  }

  @Test("two runs that count time in instructions print the same, byte for byte, translated and interpreted")
  func deterministic() throws {
    let guests = try #require(Guests.present)
    let runs = ["soft", "soft,interpreter"].map { accelerator in
      guests.linux(
        "date; cat /proc/interrupts /proc/sys/kernel/random/uuid", ["--accel", accelerator, "--deterministic", "--disk", guests.disk + ",snapshot"])
    }
    #expect(runs[0].status == 0, "\(runs[0].errors)")
    #expect(runs[0].output.contains("SWBOOT-GUEST-DONE 0"))
    #expect(runs[0].output == runs[1].output)
    let other = guests.linux("cat /proc/sys/kernel/random/uuid", ["--deterministic=7"])
    #expect(other.status == 0 && other.output != runs[0].output)
  }

  @Test("C6 SIGTERM presses its power button, and it powers off by itself")
  func powerButton() throws {
    let guests = try #require(Guests.present)
    // Who opens the device later than the button is pressed hears nothing of it.
    let wait = "exec 3< /dev/input/$(grep -A4 LNXPWRBN /proc/bus/input/devices | grep -o 'event[0-9]*'); echo waiting; head -c 1 <&3 >/dev/null; echo pressed"
    let guest = try #require(
      Conversation(
        guests.swboot,
        [
          "--accel", "soft", "--kernel", guests.cloud.kernel, "--initrd", guests.cloud.initramfs, "--timeout", "300s",
          "--append", "console=ttyS0 panic=-1 swboot.run=\"\(wait)\"",
        ]))
    #expect(guest.hears("\nwaiting"), "\(guest.text)")
    guest.send(signal: SIGTERM)
    #expect(guest.finish() == 0 && guest.text.contains("pressed") && guest.text.contains("reboot: Power down"), "\(guest.text)")
  }

  @Test("its panic ends the machine with the panic's own status")
  func panic() throws {
    let end = try #require(Guests.present).linux("echo c > /proc/sysrq-trigger")
    #expect(end.status == 234, "\(end.errors)")
    #expect(end.output.contains("sysrq triggered crash"))
  }
}
