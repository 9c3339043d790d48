import Glibc
import TestSupport
import Testing

/// Debian's firmware and boot loaders, and disks that they boot; named by the environment.
struct BootFiles: Sendable {
  static let absence = "needs Debian's firmware and boot loaders; scripts/test fetches them"
  static let present = BootFiles()

  let guests: Guests
  let grubDisk: String
  let syslinuxDisk: String
  let extlinuxDisk: String
  let xen: Xen?
  private let packages: String

  /// Xen, and a disk whose GRUB loads it.
  struct Xen: Sendable {
    let kernel: String
    let disk: String
  }

  private init?() {
    func place(_ name: String) -> String? { unsafe getenv(name).map { unsafe String(cString: $0) } }
    guard let guests = Guests.present, let packages = place("SWBOOT_PACKAGES"), let grubDisk = place("SWBOOT_GRUB_DISK"),
      let syslinuxDisk = place("SWBOOT_SYSLINUX_DISK"), let extlinuxDisk = place("SWBOOT_EXTLINUX_DISK")
    else { return nil }
    self.guests = guests
    self.packages = packages
    self.grubDisk = grubDisk
    self.syslinuxDisk = syslinuxDisk
    self.extlinuxDisk = extlinuxDisk
    if let kernel = place("SWBOOT_XEN"), let disk = place("SWBOOT_XEN_DISK") { xen = Xen(kernel: kernel, disk: disk) } else { xen = nil }
  }

  var seabios: String { "\(packages)/seabios/usr/share/seabios/bios-256k.bin" }
  var qboot: String { "\(packages)/qemu-system-data/usr/share/qemu/qboot.rom" }
  var memdisk: String { "\(packages)/syslinux-common/usr/lib/syslinux/memdisk" }
  var ipxe: String { "\(packages)/ipxe/boot/ipxe.lkrn" }
  var gnuMach: String { "\(packages)/gnumach-image-1.8-486/boot/gnumach-1.8-486.gz" }
  func ovmf(_ name: String) -> String { "\(packages)/ovmf/usr/share/\(name)" }
  func uboot(_ name: String) -> String { "\(packages)/u-boot-qemu/usr/lib/u-boot/\(name)/u-boot.rom" }

  /// Debian's cloud kernel and a shell, for firmware that starts a kernel.
  func linux(_ line: String = "console=ttyS0") -> [String] {
    ["--kernel", guests.cloud.kernel, "--initrd", guests.cloud.initramfs, "--append", line]
  }

  /// What a guest does next, and what its user.
  enum Step: ExpressibleByStringLiteral {
    case says(String)
    case user(types: String)
    /// The run ends with this status.
    case ends(Int32)

    init(stringLiteral text: String) { self = .says(text) }
  }

  /// Linux as it comes up to the shell of its initial RAM disk, and powers off.
  static let linuxRuns: [Step] = [
    "Linux version 6.1.0-", "SWBOOT-GUEST-INIT", "/ # ", .user(types: "exit\n"), "reboot: Power down", .ends(0),
  ]

  /// Runs a guest on the software CPU until it has done all this, in this order.
  func boot(_ options: [String], _ steps: [Step], location: SourceLocation = #_sourceLocation) throws {
    let guest = try #require(
      Conversation(guests.swboot, ["--accel", "soft", "--console", "plain", "--memory", "256M", "--timeout", "180s"] + options))
    for step in steps {
      switch step {
      case .user(let text): guest.say(text)
      case .ends(let status): #expect(guest.finish() == status, "\(guest.text)", sourceLocation: location)
      case .says(let text):
        let isSaid = guest.hears(text)
        try #require(isSaid, "\(text) after \(guest.text)", sourceLocation: location)
      }
    }
  }
}
