import TestSupport
import Testing

/// Other people's firmware, unmodified from Debian's packages, up to what it boots.
@Suite("Debian's firmware", .serialized, .enabled(if: BootFiles.present != nil, "\(BootFiles.absence)"))
struct FirmwareBootTests {
  private let files: BootFiles
  private let variables: TemporaryFile
  private let original: [UInt8]

  init() throws {
    files = try #require(BootFiles.present)
    original = TemporaryFile.contents(of: files.ovmf("OVMF/OVMF_VARS_4M.fd"))
    variables = TemporaryFile(original)
  }

  // MARK: SeaBIOS

  @Test("A3 SeaBIOS starts, even in 1 MiB, and finds no disk")
  func seabios() throws {
    let log = TemporaryFile()
    let steps: [BootFiles.Step] = ["SeaBIOS (version 1.16.2-debian-1.16.2-1)", "No bootable device."]
    try files.boot(["--firmware", files.seabios, "--memory", "1M"], steps)
    try files.boot(["--firmware", files.seabios, "--debugcon", log.path], steps)
    for text in [
      "Running on QEMU (q35)", "Found QEMU fw_cfg", "QEMU fw_cfg DMA interface supported",
      "PCIe: using q35 mmconfig at 0xb0000000", "ACPI: no PS/2 keyboard present",
    ] { #expect(log.text.contains(text)) }
  }

  @Test("A4 SeaBIOS boots SYSLINUX, which boots Linux")
  func seabiosSyslinux() throws {
    try files.boot(
      ["--firmware", files.seabios, "--disk", files.syslinuxDisk + ",snapshot"],
      ["Booting from Hard Disk...", "SYSLINUX 6.04", "SYSLINUX-OK", "Loading /vmlinuz", "Linux version 6.1.0-"])
  }

  @Test("A5 SeaBIOS boots GRUB, which boots Linux to a shell")
  func seabiosGRUB() throws {
    try files.boot(
      ["--firmware", files.seabios, "--disk", files.grubDisk + ",snapshot"],
      ["Booting from Hard Disk...", "GRUB loading", "Welcome to GRUB!", "GRUB-OK platform=pc cpu=i386"] + BootFiles.linuxRuns)
  }

  @Test("SeaBIOS starts the kernel that swboot was given, by our option ROM")
  func seabiosKernel() throws {
    try files.boot(
      ["--firmware", files.seabios, "--disk", files.grubDisk + ",snapshot"] + files.linux(),
      ["SeaBIOS (version", "Booting from ROM", "Linux version 6.1.0-"])
  }

  @Test("A18 SeaBIOS starts memdisk with a disk in memory, which boots")
  func seabiosMemdisk() throws {
    try files.boot(
      ["--firmware", files.seabios, "--kernel", files.memdisk, "--initrd", files.syslinuxDisk, "--append", "harddisk"],
      ["MEMDISK 6.04 20200816", "SYSLINUX 6.04", "Loading /vmlinuz", "Linux version 6.1.0-"])
  }

  @Test("A19 SeaBIOS starts iPXE")
  func seabiosIPXE() throws {
    try files.boot(
      ["--firmware", files.seabios, "--kernel", files.ipxe],
      ["iPXE initialising devices...ok", "Open Source Network Boot Firmware"])
  }

  // MARK: OVMF

  @Test("A6 OVMF comes to its shell, keeps variables in its flash, finds them again and powers off")
  func ovmf() throws {
    let options = ["--firmware", files.ovmf("OVMF/OVMF_CODE_4M.fd"), "--firmware-vars", variables.path, "--memory", "64M"]
    let shell: [BootFiles.Step] = ["EFI Internal Shell", "UEFI Interactive Shell v2.2", "seconds to skip", .user(types: " "), "Shell> "]
    let name = "kept -guid 4f4b5320-7377-626f-6f74-000000000000"
    try files.boot(options, shell + [.user(types: "setvar \(name) -nv -bs =2a\r"), "Shell> ", .user(types: "reset -s\r"), .ends(0)])
    #expect(variables.bytes != original && variables.bytes.count == original.count)
    try files.boot(options, shell + [.user(types: "setvar \(name)\r"), "0001 Bytes", "2A", "Shell> ", .user(types: "reset -s\r"), .ends(0)])
  }

  @Test("A7 OVMF for 2 MiB of flash comes to its shell, and one without variables of its own")
  func ovmfSmall() throws {
    let small = TemporaryFile(TemporaryFile.contents(of: files.ovmf("OVMF/OVMF_VARS.fd")))
    let shell: [BootFiles.Step] = ["UEFI Interactive Shell v2.2", "seconds to skip", .user(types: " "), "Shell> "]
    try files.boot(["--firmware", files.ovmf("OVMF/OVMF_CODE.fd"), "--firmware-vars", small.path], shell)
    try files.boot(["--firmware", files.ovmf("ovmf/OVMF.fd")], shell + [.user(types: "reset -s\r"), .ends(0)])
  }

  @Test("A8 OVMF boots GRUB, which boots Linux by UEFI")
  func ovmfGRUB() throws {
    try files.boot(
      ["--firmware", files.ovmf("OVMF/OVMF_CODE_4M.fd"), "--firmware-vars", variables.path, "--disk", files.grubDisk + ",snapshot"],
      [
        #"BdsDxe: starting Boot0001 "UEFI Misc Device" from PciRoot(0x0)/Pci(0x2,0x0)"#, "GRUB-OK platform=efi cpu=x86_64",
        "Linux version 6.1.0-", "efi: EFI v2.70 by EDK II", "SWBOOT-GUEST-INIT", "/ # ", .user(types: "exit\n"), .ends(0),
      ])
  }

  @Test("A9 OVMF starts the kernel that swboot was given")
  func ovmfKernel() throws {
    try files.boot(
      ["--firmware", files.ovmf("OVMF/OVMF_CODE_4M.fd"), "--firmware-vars", variables.path] + files.linux(), BootFiles.linuxRuns)
  }

  @Test("BZ-04 OVMF that needs system management mode is refused in a sentence")
  func ovmfSecure() throws {
    try files.boot(
      ["--firmware", files.ovmf("OVMF/OVMF_CODE_4M.secboot.fd"), "--firmware-vars", variables.path],
      ["swboot: the firmware needs system management mode, which this machine does not have", .ends(202)])
  }

  // MARK: U-Boot

  @Test("A10 U-Boot finds its memory, no disk, and comes to its prompt")
  func uboot() throws {
    try files.boot(
      ["--firmware", files.uboot("qemu-x86")],
      [
        "U-Boot 2023.01+dfsg-2", "DRAM:  256 MiB", "Model: QEMU x86 (I440FX)", "Hit any key to stop autoboot",
        "Reset IDE: Bus 0: OK Bus 1: OK", "=> ",
      ])
  }

  @Test("A11 64-bit U-Boot finds GRUB on its disk, and GRUB boots Linux")
  func uboot64() throws {
    try files.boot(
      ["--firmware", files.uboot("qemu-x86_64"), "--disk", files.grubDisk + ",snapshot"],
      [
        "U-Boot SPL 2023.01", "Trying to boot from SPI", "Jumping to 64-bit U-Boot", "Device 0: 1af4 VirtIO Block Device",
        "Found EFI removable media binary efi/boot/bootx64.efi", "GRUB-OK platform=efi cpu=x86_64", "Linux version 6.1.0-",
      ])
  }

  @Test("A12 U-Boot loads Linux from a disk and boots it, as its user types")
  func ubootLinux() throws {
    func typed(_ line: String) -> [BootFiles.Step] { ["=> ", .user(types: line + "\n")] }
    try files.boot(
      ["--firmware", files.uboot("qemu-x86"), "--disk", files.grubDisk + ",snapshot"],
      ["Hit any key to stop autoboot", .user(types: " ")] + typed("virtio scan")
        + typed("load virtio 0:1 0x2000000 /vmlinuz") + ["bytes read"] + typed("load virtio 0:1 0x6000000 /initrd.gz")
        + typed("setenv bootargs console=ttyS0") + typed("zboot 0x2000000 0 0x6000000 ${filesize}")
        + [
          "Magic signature found", "Linux version 6.1.0-", "ACPI: PM-Timer IO Port: 0xe408",
          "MMCONFIG at [mem 0xe0000000-", "SWBOOT-GUEST-INIT", "/ # ", .user(types: "exit\n"), .ends(0),
        ])
  }

  // MARK: qboot

  @Test("A16 qboot starts the kernel that swboot was given, in real mode")
  func qboot() throws {
    try files.boot(["--firmware", files.qboot] + files.linux(), BootFiles.linuxRuns)
    try files.boot(
      ["--firmware", files.qboot, "--kernel", files.guests.memtest, "--append", "console=ttyS0,115200"], ["Memtest86+ v6.10"])
  }
}
