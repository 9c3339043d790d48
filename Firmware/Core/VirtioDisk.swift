internal import Primitives

/// A virtio disk (Virtio 1.1 §5.2), asked for one thing at a time and watched until it is done.
struct VirtioDisk {
  enum Failure: UInt8, Error {
    /// As INT 13h says it.
    case outOfRange = 0x04
    case badBuffer = 0x09
    case writeProtected = 0x03
    case failed = 0x20
    case timedOut = 0x80
  }

  enum Direction: UInt32 {
    case read = 0
    case write = 1
  }

  private enum Common {
    static var featureSelect: Int { 0x08 }
    static var feature: Int { 0x0C }
    static var deviceFeatureSelect: Int { 0x00 }
    static var deviceFeature: Int { 0x04 }
    static var status: Int { 0x14 }
    static var queueSelect: Int { 0x16 }
    static var queueSize: Int { 0x18 }
    static var queueEnable: Int { 0x1C }
    static var queueNotify: Int { 0x1E }
    static var descriptors: Int { 0x20 }
    static var available: Int { 0x28 }
    static var used: Int { 0x30 }
  }

  private enum Status {
    static var acknowledge: UInt8 { 1 }
    static var driver: UInt8 { 2 }
    static var driverOK: UInt8 { 4 }
    static var featuresOK: UInt8 { 8 }
  }

  /// Where the rings lie in the disk's part of the work area.
  private enum Ring {
    static var size: UInt16 { 8 }
    static var available: Int { 0x100 }
    static var used: Int { 0x200 }
  }

  static var vendor: UInt16 { 0x1AF4 }
  static var device: UInt16 { 0x1042 }

  let function: UInt8
  private let common: GuestAddress
  private let notify: GuestAddress
  private let queue: GuestAddress
  let sectorCount: UInt64
  let isReadOnly: Bool
  private var requests: UInt16 = 0
  private var isBroken = false

  /// Takes a disk over; nil if it is not one that we understand.
  init?<H: Hardware>(_ hardware: H, _ bus: PCIBus<H>, _ function: UInt8, queue: GuestAddress) {
    var common: GuestAddress?
    var notify: GuestAddress?
    var configuration: GuestAddress?
    var multiplier: UInt32 = 0
    bus.capabilities(function) { id, register in
      guard id == 0x09, register <= 0xE8 else { return }
      let window = bus.window(function, UInt8(truncatingIfNeeded: bus.read(.byte, function, register + 4)))
      let place = window.map { $0 + Int(bus.read(.dword, function, register + 8)) }
      switch bus.read(.byte, function, register + 3) {
      case 1: common = common ?? place
      case 2:
        guard notify == nil else { return }
        notify = place
        multiplier = bus.read(.dword, function, register + 16)
      case 4: configuration = configuration ?? place
      default: break
      }
    }
    guard let common, let notify, let configuration else { return nil }
    self.function = function
    self.common = common
    self.queue = queue
    hardware.put(UInt8(0), at: common + Common.status)
    var patience = 100_000
    while hardware.byte(at: common + Common.status) != 0, patience > 0 {
      hardware.pause()
      patience -= 1
    }
    hardware.put(Status.acknowledge, at: common + Common.status)
    hardware.put(Status.acknowledge | Status.driver, at: common + Common.status)
    hardware.put(UInt32(0), at: common + Common.deviceFeatureSelect)
    isReadOnly = hardware.dword(at: common + Common.deviceFeature)[bit: 5]
    // "Version 1" is bit 32, and all that we ask for, besides being told of a disk that cannot be written.
    hardware.put(UInt32(0), at: common + Common.featureSelect)
    hardware.put(UInt32(isReadOnly ? 1 << 5 : 0), at: common + Common.feature)
    hardware.put(UInt32(1), at: common + Common.featureSelect)
    hardware.put(UInt32(1), at: common + Common.feature)
    let negotiated = Status.acknowledge | Status.driver | Status.featuresOK
    hardware.put(negotiated, at: common + Common.status)
    guard hardware.byte(at: common + Common.status) == negotiated else { return nil }

    hardware.put(UInt16(0), at: common + Common.queueSelect)
    guard hardware.word(at: common + Common.queueSize) >= Ring.size else { return nil }
    hardware.put(Ring.size, at: common + Common.queueSize)
    hardware.fill(0, count: UInt32(WorkArea.queueSize), at: queue)
    hardware.put(queue.value, at: common + Common.descriptors)
    hardware.put((queue + Ring.available).value, at: common + Common.available)
    hardware.put((queue + Ring.used).value, at: common + Common.used)
    self.notify = notify + Int(hardware.word(at: common + Common.queueNotify)) * Int(min(multiplier, 0x1000))
    hardware.put(UInt16(1), at: common + Common.queueEnable)
    hardware.put(UInt16(1), at: queue + Ring.available)  // no interrupts: we look
    hardware.put(negotiated | Status.driverOK, at: common + Common.status)
    sectorCount = hardware.qword(at: configuration)
  }

  /// Moves sectors between the disk and memory.
  mutating func transfer<H: Hardware>(
    _ direction: Direction, _ count: UInt32, sector: UInt64, _ buffer: GuestAddress, _ hardware: H, timer: Port?
  ) throws(Failure) {
    guard UInt64(count) <= sectorCount, sector <= sectorCount - UInt64(count) else { throw .outOfRange }
    guard buffer.value <= Platform.fourGiB - UInt64(count) * 512 else { throw .badBuffer }
    guard direction == .read || !isReadOnly else { throw .writeProtected }
    guard !isBroken else { throw .timedOut }
    guard count > 0 else { return }
    let header = WorkArea.request
    let answer = header + 0x10
    hardware.put(direction.rawValue, at: header)
    hardware.put(UInt32(0), at: header + 4)
    hardware.put(sector, at: header + 8)
    hardware.put(UInt8(0xFF), at: answer)
    // Flag 1: another one follows; flag 2: the device writes.
    describe(0, header, 16, flags: 1, hardware)
    describe(1, buffer, count * 512, flags: direction == .read ? 3 : 1, hardware)
    describe(2, answer, 1, flags: 2, hardware)
    hardware.put(UInt16(0), at: queue + Ring.available + 4 + 2 * Int(requests % Ring.size))
    requests &+= 1
    hardware.put(requests, at: queue + Ring.available + 2)
    hardware.put(UInt16(0), at: notify)
    try wait(hardware, timer)
    guard hardware.byte(at: answer) == 0 else { throw .failed }
  }

  private func describe<H: Hardware>(
    _ index: Int, _ address: GuestAddress, _ count: UInt32, flags: UInt16, _ hardware: H
  ) {
    let descriptor = queue + 16 * index
    hardware.put(address.value, at: descriptor)
    hardware.put(count, at: descriptor + 8)
    hardware.put(flags, at: descriptor + 12)
    hardware.put(UInt16(truncatingIfNeeded: index + 1), at: descriptor + 14)
  }

  private mutating func wait<H: Hardware>(_ hardware: H, _ timer: Port?) throws(Failure) {
    var watch = Stopwatch(hardware, timer, seconds: 30)
    while hardware.word(at: queue + Ring.used + 2) != requests {
      hardware.pause()
      guard !watch.isOver(hardware) else {
        // Whatever it still does, it shall not do it to somebody else's memory.
        hardware.put(UInt8(0), at: common + Common.status)
        isBroken = true
        throw .timedOut
      }
    }
  }
}
