import Machine
import Testing

/// Our own firmware, run from the reset vector on.
@Suite(.serialized)
struct FirmwareRunTests {
  @Test("a machine of 1 MiB without disks says so and ends with the firmware's verdict", arguments: SmallGuest.accelerators)
  func noDisk(accelerator: Configuration.Accelerator) throws {
    let guest = FirmwareGuest(on: accelerator)
    #expect(try guest.run().exitStatus == 33)
    #expect(guest.console.hasSuffix("swboot firmware: no disk\n"))
  }

  @Test("the kernel is entered with flat segments and its boot parameters in ESI", arguments: SmallGuest.accelerators)
  func kernel(accelerator: Configuration.Accelerator) throws {
    var guest = FirmwareGuest(on: accelerator)
    guest.configuration.memory = 4 << 20
    // Exits with the size of the memory map, after a look at "HdrS".
    guest.setKernel([
      0x81, 0xBE, 0x02, 0x02, 0x00, 0x00, 0x48, 0x64, 0x72, 0x53,  // cmpl $"HdrS", 0x202(%esi)
      0x75, 0x08,  // jne to the halt
      0x8A, 0x86, 0xE8, 0x01, 0x00, 0x00,  // movb 0x1E8(%esi), %al
      0xE6, 0xF4,  // outb %al, $0xF4
      0xFA, 0xF4,
    ])
    #expect(try guest.run() == .exited(code: 6 << 1 | 1))
  }

  @Test("what is not a kernel gets a sentence and a verdict", arguments: SmallGuest.accelerators)
  func notKernel(accelerator: Configuration.Accelerator) throws {
    var guest = FirmwareGuest(on: accelerator)
    guest.configuration.kernel = "/etc/hostname"
    #expect(try guest.run().exitStatus == 37)
    #expect(guest.console.contains("the kernel is not a bzImage"))
  }

  @Test("a boot sector prints, reads its disk and sees the clock tick through BIOS services", arguments: SmallGuest.accelerators)
  func bootSector(accelerator: Configuration.Accelerator) throws {
    var guest = FirmwareGuest(on: accelerator)
    guest.addDisk("boot_sector")
    #expect(try guest.run() == .exited(code: 0x2A << 1 | 1))
    #expect(guest.console.hasSuffix("booting from disk 0\nhello from the boot sector\nsector three\n"))
  }

  @Test("where the first disk gives up the next is booted, and which is empty is named", arguments: SmallGuest.accelerators)
  func nextDisk(accelerator: Configuration.Accelerator) throws {
    var guest = FirmwareGuest(on: accelerator)
    for program in ["give_up", nil, "boot_sector"] { guest.addDisk(program) }
    #expect(try guest.run() == .exited(code: 0x2A << 1 | 1))
    #expect(guest.console.contains("disk 1: no boot signature in sector 0\nbooting from disk 2\n"))
  }

  @Test("a disk that nothing can be booted from ends with a sentence and a verdict", arguments: SmallGuest.accelerators, ["give_up", nil])
  func nothingToBoot(accelerator: Configuration.Accelerator, program: String?) throws {
    var guest = FirmwareGuest(on: accelerator)
    guest.addDisk(program)
    #expect(try guest.run().exitStatus == 33)
    #expect(guest.console.hasSuffix("no disk could be booted\n"))
  }

  @Test("a boot sector that crashes is no silent hang", arguments: SmallGuest.accelerators)
  func crash(accelerator: Configuration.Accelerator) throws {
    var guest = FirmwareGuest(on: accelerator)
    guest.addDisk("unknown_instruction")
    #expect(try guest.run().exitStatus == 41)
    #expect(guest.console.contains("does not know at 0000:7c00\n"))
  }

  @Test("a reset starts the firmware anew, and the disk boots again", arguments: SmallGuest.accelerators)
  func reset(accelerator: Configuration.Accelerator) throws {
    var guest = FirmwareGuest(on: accelerator)
    guest.addDisk("reset_once")
    #expect(try guest.run() == .exited(code: 7 << 1 | 1))
    #expect(guest.console.components(of: "booting from disk 0") == 2)
  }
}

extension String {
  /// How often a text occurs.
  fileprivate func components(of text: String) -> Int { split(separator: text, omittingEmptySubsequences: false).count - 1 }
}
