import Glibc
import KVMBackend
import TestSupport

/// The real guests that `scripts/test` fetches, and the release binary that runs them; named by the environment.
struct Guests: Sendable {
  /// A kernel, and the initial RAM disk with its modules.
  struct Linux: Sendable {
    let kernel: String
    let initramfs: String
  }

  let swboot: String
  /// Debian's kernel for virtual machines.
  let cloud: Linux
  let disk: String
  let memtest: String
  /// Debian's kernel for everything, its 32-bit one, and what is in the bzImage of the first.
  let standard: Linux?
  let i386: Linux?
  let vmlinux: String?
  let memtest32: String?

  static let absence = "needs the release binary and Debian's kernel; scripts/test builds and fetches them"
  static let present = Guests()

  /// Boots that take most of a minute or more run only if they are asked for.
  static let runsAll = place("SWBOOT_ALL_BOOTS") == "1"
  static let brevity = "takes too long for every run: SWBOOT_ALL_BOOTS=1 scripts/test"

  static let haveRealKVM = if case .hardware = KVM.classify() { true } else { false }
  static let absenceOfKVM = "needs a KVM on VT-x or AMD-V; scripts/test-kvm runs these on one that it makes"

  private static func place(_ name: String) -> String? { unsafe getenv(name).map { unsafe String(cString: $0) } }

  private init?() {
    func linux(_ name: String) -> Linux? {
      guard let kernel = Self.place("SWBOOT\(name)_KERNEL"), let initramfs = Self.place("SWBOOT\(name)_INITRAMFS") else { return nil }
      return Linux(kernel: kernel, initramfs: initramfs)
    }
    guard let swboot = Self.place("SWBOOT"), let cloud = linux(""), let disk = Self.place("SWBOOT_DISK"),
      let memtest = Self.place("SWBOOT_MEMTEST")
    else { return nil }
    self.swboot = swboot
    self.cloud = cloud
    self.disk = disk
    self.memtest = memtest
    standard = linux("_STANDARD")
    i386 = linux("_I386")
    vmlinux = Self.place("SWBOOT_VMLINUX")
    memtest32 = Self.place("SWBOOT_MEMTEST_I386")
  }

  /// Boots Linux on the software processor, runs one command and powers off; or what else the line says.
  func linux(_ command: String, _ options: [String] = [], kernel: Linux? = nil, line: String = "") -> ChildProcess.End {
    ChildProcess.run(
      swboot,
      [
        "--accel", "soft", "--kernel", (kernel ?? cloud).kernel, "--initrd", (kernel ?? cloud).initramfs, "--timeout", "300s",
        "--append", "console=ttyS0 panic=-1 \(line)" + (command.isEmpty ? "" : " swboot.run=\"\(command)\""),
      ] + options)
  }

  /// Runs a kernel that is not Linux until it has said all this; returns what it wrote.
  func says(_ texts: [String], kernel: String, _ options: [String]) -> String {
    let guest = Conversation(
      swboot, ["--accel", "soft", "--kernel", kernel, "--append", "console=ttyS0,115200", "--timeout", "120s"] + options)
    _ = guest?.hears(all: texts)
    return guest?.text ?? "\(swboot) cannot be run"
  }
}
