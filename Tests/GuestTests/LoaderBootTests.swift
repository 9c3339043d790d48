import Testing

/// Our own firmware, up to what Debian's boot loaders boot.
@Suite("our firmware boots", .serialized, .enabled(if: BootFiles.present != nil, "\(BootFiles.absence)"))
struct LoaderBootTests {
  private let files: BootFiles
  init() throws { files = try #require(BootFiles.present) }

  @Test("the kernel that swboot was given")
  func kernel() throws {
    try files.boot(["--firmware", "builtin"] + files.linux(), ["Linux version 6.1.0-", "DMI: swboot", "ACPI: Interpreter enabled"])
  }

  @Test("GRUB, which boots Linux to a shell")
  func grub() throws {
    try files.boot(
      ["--disk", files.grubDisk + ",snapshot"],
      ["GRUB loading", "Welcome to GRUB!", "GRUB-OK platform=pc cpu=i386"] + BootFiles.linuxRuns)
  }

  @Test("SYSLINUX, which boots Linux")
  func syslinux() throws {
    try files.boot(
      ["--disk", files.syslinuxDisk + ",snapshot"], ["SYSLINUX 6.04", "SYSLINUX-OK", "Loading /vmlinuz", "Linux version 6.1.0-"])
  }

  @Test("EXTLINUX on an ext4 file system, which boots Linux")
  func extlinux() throws {
    try files.boot(
      ["--disk", files.extlinuxDisk + ",snapshot"],
      ["SYSLINUX 6.04", "EXTLINUX-OK", "Loading /vmlinuz... ok", "Loading /initrd.gz...ok", "Linux version 6.1.0-"])
  }

  @Test("memdisk with a disk in memory, which boots")
  func memdisk() throws {
    try files.boot(
      ["--firmware", "builtin", "--kernel", files.memdisk, "--initrd", files.syslinuxDisk, "--append", "harddisk"],
      ["MEMDISK 6.04 20200816", "SYSLINUX 6.04", "Loading /vmlinuz"])
  }

  @Test("iPXE")
  func ipxe() throws {
    try files.boot(
      ["--firmware", "builtin", "--kernel", files.ipxe], ["iPXE initialising devices...ok", "Open Source Network Boot Firmware"])
  }

  @Test("C1 GNU Mach, until it misses its servers")
  func gnuMach() throws {
    try files.boot(
      ["--kernel", files.gnuMach, "--append", "console=com0"],
      ["swboot firmware", "GNU Mach 1.8", "biosmem: 000000000000100000:000000000010000000, available", "No bootstrap code loaded with the kernel!"])
  }

  @Test("Memtest86+")
  func memtest() throws {
    try files.boot(
      ["--firmware", "builtin", "--kernel", files.guests.memtest, "--append", "console=ttyS0,115200"], ["Memtest86+ v6.10"])
  }
}
