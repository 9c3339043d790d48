import Glibc
import Host
import TestSupport
import Testing

/// What guests show on the display, driven by the keyboard. The pictures stay, for a person to look at.
@Suite("Pictures", .serialized, .enabled(if: Guests.present != nil, "\(Guests.absence)"))
struct PictureTests {
  private static let loaderAbsence = "needs Debian's firmware and boot loaders; scripts/test fetches them"
  private static let grubDisk = place("SWBOOT_GRUB_DISK")
  /// Where Debian's packages are unpacked.
  private static let packages = place("SWBOOT_PACKAGES")
  private static func place(_ name: String) -> String? { unsafe getenv(name).map { unsafe String(cString: $0) } }

  private let folder = ".build/pictures"

  init() { unsafe mkdir(folder, 0o755) }

  /// Runs a guest with a script of keys; the picture with this name must show more than one colour.
  private func picture(_ name: String, _ script: String, _ options: [String]) throws -> (pixels: [UInt8], width: Int, height: Int) {
    let path = "\(folder)/\(name).png"
    unsafe unlink(path)
    let keys = TemporaryFile(Array(script.utf8))
    let end = ChildProcess.run(
      try #require(Guests.present).swboot, ["--accel", "soft", "--keys", keys.path, "--screenshot", path] + options)
    #expect(end.status == 0, "\(end.errors)")
    let picture = try #require(PNGImage.decode(try HostFile(path: path).contents(limit: 1 << 24)))
    #expect(stride(from: 0, to: picture.pixels.count, by: 3).contains { picture.pixels[$0...$0 + 2] != picture.pixels[0...2] })
    return picture
  }

  @Test("Memtest86+ opens its menu in text mode when a key is pressed")
  func memtest() throws {
    let picture = try picture(
      "memtest", "wait \"Test #\"\npress f1\nwait \"Settings\"\nquit",
      ["--kernel", try #require(Guests.present).memtest, "--memory", "64M", "--display=text", "--timeout", "60s", "--console", "none"])
    #expect(picture.width == 640 && picture.height == 400)
  }

  @Test("GRUB shows its menu and takes keys, with our firmware", .enabled(if: grubDisk != nil, "\(loaderAbsence)"))
  func grub() throws {
    let picture = try picture(
      "grub", "wait \"Debian\"\npress down\nwait 500ms\nquit",
      ["--disk", try #require(Self.grubDisk) + ",snapshot", "--memory", "128M", "--timeout", "120s", "--console", "none"])
    #expect(picture.width == 640 && picture.height == 400)
  }

  @Test("GRUB shows its menu on a framebuffer of our firmware's", .enabled(if: grubDisk != nil, "\(loaderAbsence)"))
  func graphicalGRUB() throws {
    let picture = try picture(
      "grub-framebuffer",
      """
      wait "Debian"
      press c
      wait "grub>"
      type loadfont /grub/unicode.pf2; videoinfo
      press ret
      wait "Preferred mode: 800x600"
      wait "grub>"
      type set gfxmode=auto; serial; terminal_output gfxterm serial
      press ret
      wait "grub>"
      press esc
      wait "Debian"
      wait 1s
      quit
      """,
      ["--disk", try #require(Self.grubDisk) + ",snapshot", "--display=800x600", "--memory", "128M", "--timeout", "120s", "--console", "none"])
    #expect(picture.width == 800 && picture.height == 600)
  }

  @Test("OVMF has its shell on the framebuffer, and the keyboard types there", .enabled(if: packages != nil, "\(loaderAbsence)"))
  func ovmf() throws {
    let folder = try #require(Self.packages) + "/ovmf/usr/share/OVMF"
    let variables = TemporaryFile(try HostFile(path: "\(folder)/OVMF_VARS_4M.fd").contents(limit: 1 << 24))
    let picture = try picture(
      "ovmf", "wait \"Shell> \"\ntype echo typed\npress ret\nwait \"typed\"\nwait \"Shell> \"\nquit",
      ["--firmware", "\(folder)/OVMF_CODE_4M.fd", "--firmware-vars", variables.path, "--memory", "256M", "--timeout", "180s"])
    #expect(picture.width == 1024 && picture.height == 768)
  }

  @Test("Linux has a console on the framebuffer, and a shell on it takes what is typed")
  func linux() throws {
    let guests = try #require(Guests.present)
    let picture = try picture(
      "linux",
      """
      wait "Run /init"
      wait 2s
      type echo typed >/dev/ttyS0; cat /proc/fb >/dev/ttyS0
      press ret
      wait "typed"
      wait "EFI VGA"
      quit
      """,
      [
        "--kernel", guests.cloud.kernel, "--initrd", guests.cloud.initramfs, "--append", "console=ttyS0 console=tty0", "--timeout", "300s",
      ])
    #expect(picture.width == 1024 && picture.height == 768)
  }
}
