import Machine
import TestSupport
import Testing

/// Virtio devices on the whole machine, driven by guests of a few dozen instructions.
@Suite(.serialized)
struct VirtioGuestTests {
  private static let image = (0..<4 * 512).map { UInt8(truncatingIfNeeded: $0 / 512 + $0) }

  private func guest(_ accelerator: Configuration.Accelerator, disk: TemporaryFile, _ change: (inout Configuration.Disk) -> Void = { _ in }) -> SmallGuest {
    var guest = SmallGuest(kernel: "virtio_disk", on: accelerator)
    var wish = Configuration.Disk(path: disk.path)
    change(&wish)
    guest.configuration.disks = [wish]
    return guest
  }

  @Test("a guest reads a sector, writes another, and finds both on the disk afterwards", arguments: SmallGuest.accelerators)
  func disk(accelerator: Configuration.Accelerator) throws {
    let disk = TemporaryFile(Self.image)
    #expect(try guest(accelerator, disk: disk).run() == .exited(code: 0x2A << 1 | 1))
    var expected = Self.image
    expected.replaceSubrange(512..<1024, with: Self.image[..<512])
    for i in 512..<516 { expected[i] = ~expected[i] }
    #expect(disk.bytes == expected)
  }

  @Test("what a guest writes to a snapshot is gone, and to a read-only disk is an error", arguments: SmallGuest.accelerators)
  func untouched(accelerator: Configuration.Accelerator) throws {
    let disk = TemporaryFile(Self.image)
    #expect(try guest(accelerator, disk: disk) { $0.isSnapshot = true }.run() == .exited(code: 0x2A << 1 | 1))
    #expect(try guest(accelerator, disk: disk) { $0.isReadOnly = true }.run() == .exited(code: 3 << 1 | 1))
    #expect(disk.bytes == Self.image)
  }

  @Test("BK-13 an image that became shorter is an error to the guest, and no more", arguments: SmallGuest.accelerators)
  func shortened(accelerator: Configuration.Accelerator) throws {
    let disk = TemporaryFile(Self.image)
    #expect(try guest(accelerator, disk: disk).run { disk.truncate() } == .exited(code: 3 << 1 | 1))
  }

  @Test("a guest sleeps until a message says that its random bytes are there", arguments: SmallGuest.accelerators)
  func random(accelerator: Configuration.Accelerator) throws {
    #expect(try SmallGuest(kernel: "virtio_random", on: accelerator).run() == .exited(code: 0x2B << 1 | 1))
  }

  @Test("VQ-01 a guest with a loop in its ring sees a broken device, and the machine goes on", arguments: SmallGuest.accelerators)
  func loop(accelerator: Configuration.Accelerator) throws {
    #expect(try SmallGuest(kernel: "virtio_loop", on: accelerator).run() == .exited(code: 0x2C << 1 | 1))
  }

  @Test("a trace tells the life of each request by the device's name", arguments: SmallGuest.accelerators)
  func trace(accelerator: Configuration.Accelerator) throws {
    let disk = TemporaryFile(Self.image)
    let trace = TemporaryFile()
    var guest = guest(accelerator, disk: disk)
    guest.configuration.trace = Configuration.Trace(events: ["queue"], file: trace.path)
    #expect(try guest.run() == .exited(code: 0x2A << 1 | 1))
    let events = trace.text.split(separator: "\n").map { $0.drop { $0 != " " }.dropFirst() }
    #expect(
      events.filter { !$0.hasSuffix("notified") } == [
        "virtio-blk0: queue 0 took chain 0, 16 to read, 513 to write",
        "virtio-blk0: queue 0 completed chain 0, 513 written",
        "virtio-blk0: queue 0 took chain 0, 528 to read, 1 to write",
        "virtio-blk0: queue 0 completed chain 0, 1 written",
        "virtio-blk0: queue 0 took chain 0, 16 to read, 1 to write",
        "virtio-blk0: queue 0 completed chain 0, 1 written",
      ])
    // KVM counts kicks: two that come before anybody looks are one notification.
    #expect((1...3).contains(events.count { $0 == "virtio-blk0: queue 0 notified" }))
  }
}
