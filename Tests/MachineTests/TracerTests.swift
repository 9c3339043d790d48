import DeviceModel
import Host
import Primitives
import TestSupport
import Testing

@testable import Machine

@Suite("What --trace writes")
struct TracerTests {
  private let file = TemporaryFile([])
  private let disk = Placement("virtio-blk0")
  private let clock = Placement("real-time clock", line: 8)

  private func tracer(_ events: [String]) throws -> Tracer {
    var outputs = Outputs()
    return Tracer(Configuration.Trace(events: events), try outputs.open(.file(file.path))) { .start }
  }

  private func lines(of tracer: Tracer) throws -> [String] {
    tracer.output?.stream.drain()
    return file.text.split(separator: "\n").map(String.init)
  }

  @Test("queue activity is one line each, with the guest's time and the device's name")
  func queues() throws {
    let tracer = try tracer(["queue"])
    let time = Instant(nanoseconds: 1_234_567_890)
    #expect(tracer.watchesQueues(of: disk.name))
    tracer.queue(QueueActivity(queue: 0, .notified), of: disk, at: time)
    tracer.queue(QueueActivity(queue: 0, .taken(head: 3, readable: 16, writable: 513)), of: disk, at: time)
    tracer.queue(QueueActivity(queue: 0, .completed(head: 3, written: 513)), of: disk, at: time)
    #expect(
      try lines(of: tracer) == [
        "1.234567 virtio-blk0: queue 0 notified",
        "1.234567 virtio-blk0: queue 0 took chain 3, 16 to read, 513 to write",
        "1.234567 virtio-blk0: queue 0 completed chain 3, 513 written",
      ])
  }

  @Test("a device's name shows everything of this device and nothing of others")
  func deviceOnly() throws {
    let tracer = try tracer(["Real-Time-Clock"])
    #expect(!tracer.watchesQueues(of: disk.name))
    tracer.line(8, true, of: clock, at: .start)
    tracer.line(9, true, of: Placement("power management", line: 9), at: .start)
    #expect(try lines(of: tracer) == ["0.000000 real-time clock: line 8 high"])
  }

  @Test("an access, and what it brings about, names the function that accesses, where it is known")
  func accessors() throws {
    var outputs = Outputs()
    let tracer = Tracer(Configuration.Trace(events: ["io", "irq"]), try outputs.open(.file(file.path)), accessor: { "ioread8 < vp_get_status" }) { .start }
    tracer.watcher(of: "virtio-blk0")?.sees(.read, .byte, .own, at: 0x14, 0xF)
    tracer.line(8, true, of: clock, at: .start)
    #expect(
      try lines(of: tracer) == [
        "0.000000 virtio-blk0: read byte +0x14 0xf by ioread8 < vp_get_status", "0.000000 real-time clock: line 8 high by ioread8 < vp_get_status",
      ])
  }

  @Test("a name that is neither event nor device is refused with the names there are")
  func unknown() throws {
    let devices = ["COM1", "real-time clock"]
    try tracer(["all", "com1"]).check(devices: devices)
    let error = #expect(throws: MachineError.self) { try tracer(["irq", "com2"]).check(devices: devices) }
    #expect(
      error?.message
        == "--trace com2: there is no such event or device. Choose among all, io, irq, queue, cpu, com1, real-time-clock.")
    #expect(error?.exitStatus == 202)
  }
}
