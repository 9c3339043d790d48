import Glibc
import TestSupport

/// The real guests that `scripts/test` fetches, and the release binary that runs them; named by the environment.
struct Guests: Sendable {
  let swboot: String
  let kernel: String
  let initramfs: String
  let disk: String
  let memtest: String

  static let absence = "needs the release binary and Debian's kernel; scripts/test builds and fetches them"
  static let present = Guests()

  private init?() {
    func place(_ name: String) -> String? { unsafe getenv(name).map { unsafe String(cString: $0) } }
    guard let swboot = place("SWBOOT"), let kernel = place("SWBOOT_KERNEL"), let initramfs = place("SWBOOT_INITRAMFS"),
      let disk = place("SWBOOT_DISK"), let memtest = place("SWBOOT_MEMTEST")
    else { return nil }
    self.swboot = swboot
    self.kernel = kernel
    self.initramfs = initramfs
    self.disk = disk
    self.memtest = memtest
  }

  /// Boots Linux on the software processor, runs one command and powers off.
  func linux(_ command: String, _ options: [String] = []) -> ChildProcess.End {
    ChildProcess.run(
      swboot,
      [
        "--accel", "soft", "--kernel", kernel, "--initrd", initramfs, "--timeout", "300s",
        "--append", "console=ttyS0 panic=-1 swboot.run=\"\(command)\"",
      ] + options)
  }
}
