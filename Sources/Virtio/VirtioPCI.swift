public import DeviceModel
public import PCI
public import Primitives

/// The modern virtio PCI transport around one device (virtio 1.2, 4.1).
///
/// All its structures are in one window:
///
///     0000  common configuration
///     1000  interrupt status
///     2000  device configuration
///     3000  notifications, four bytes a queue
///     4000  MSI-X table
///     5000  MSI-X pending bits
public struct VirtioPCI<F: VirtioFunction>: PCIFunction {
  enum Layout {
    static var byteCount: UInt32 { 0x8000 }
    static var common: Int { 0x0000 }
    static var interruptStatus: Int { 0x1000 }
    static var device: Int { 0x2000 }
    static var notify: Int { 0x3000 }
    static var table: Int { 0x4000 }
    static var pending: Int { 0x5000 }
    static var page: Int { 0x1000 }
  }

  public internal(set) var function: F
  let memory: any RingMemory
  /// Somebody wants to know what goes on in the queues.
  private let isWatched: Bool

  var space: ConfigurationSpace
  let window: BaseAddress
  let msixCapability: Int
  let accessCapability: Int
  var msix: MSIX

  var status: DeviceStatus = []
  /// The driver asked for a reset and requests are still in flight.
  var isResetting = false
  var deviceFeatureSelect: UInt32 = 0
  var driverFeatureSelect: UInt32 = 0
  var driverFeatures: UInt64 = 0
  var configurationVector = MSIX.none
  var queueSelect: UInt16 = 0
  var queues: [Queue]
  /// Queues with more in them than one visit takes.
  var unfinished: [Bool]
  /// Bit 0: a queue; bit 1: the configuration.
  var interruptStatus: UInt8 = 0

  public init(_ function: F, memory: any RingMemory, isWatched: Bool = false) {
    self.function = function
    self.memory = memory
    self.isWatched = isWatched
    queues = Array(repeating: Queue(), count: function.queueCount)
    unfinished = Array(repeating: false, count: function.queueCount)
    msix = MSIX(vectors: function.queueCount + 1)
    space = ConfigurationSpace(
      Identity(
        vendor: 0x1AF4, device: 0x1040 + F.deviceID, revision: 1, classCode: F.pciClass,
        subsystem: 0x1040 + F.deviceID),
      pin: 0)
    window = space.addBaseAddress(0, byteCount: Layout.byteCount)
    let table = msix.body(bar: 0, table: UInt32(Layout.table), pendingBits: UInt32(Layout.pending))
    msixCapability = space.addCapability(MSIX.capability, table.bytes, writable: table.writable)
    _ = space.addCapability(0x09, Self.capability(1, at: Layout.common, count: CommonRegister.byteCount))
    _ = space.addCapability(
      0x09, Self.capability(2, at: Layout.notify, count: 4 * function.queueCount, extra: [4, 0, 0, 0]))
    _ = space.addCapability(0x09, Self.capability(3, at: Layout.interruptStatus, count: 1))
    // Linux refuses an empty structure; what a device does not have reads zero.
    _ = space.addCapability(0x09, Self.capability(4, at: Layout.device, count: Layout.page))
    // The window through which firmware reaches the others: which, where, how much, and the data.
    // Body: length, type, bar, id, two of padding, offset, length, data.
    let writable: [UInt8] = [0, 0, 0xFF, 0, 0, 0] + Array(repeating: 0xFF, count: 12)
    accessCapability = space.addCapability(
      0x09, Self.capability(5, at: 0, count: 0, extra: [0, 0, 0, 0]), writable: writable)
  }

  /// The body of `virtio_pci_cap`.
  private static func capability(_ type: UInt8, at offset: Int, count: Int, extra: [UInt8] = []) -> [UInt8] {
    var body: [UInt8] = [UInt8(16 + extra.count), type, 0, 0, 0, 0]
    body.append(littleEndian: UInt32(truncatingIfNeeded: offset))
    body.append(littleEndian: UInt32(truncatingIfNeeded: count))
    return body + extra
  }

  // MARK: Configuration space

  public mutating func readConfiguration(_ width: AccessWidth, at offset: Int, _ cycle: inout Cycle) -> UInt64 {
    let data = accessCapability + 16
    if offset < data + 4, offset + width.byteCount > data { readThroughWindow(&cycle) }
    return space.read(width, at: offset)
  }

  public mutating func writeConfiguration(_ value: UInt64, _ width: AccessWidth, at offset: Int, _ cycle: inout Cycle) {
    space.write(value, width, at: offset)
    let control = msixCapability + 2
    if offset < control + 2, offset + width.byteCount > control {
      msix.setControl(space.value(at: control), &cycle)
    }
    let data = accessCapability + 16
    if offset < data + 4, offset + width.byteCount > data { writeThroughWindow(&cycle) }
  }

  /// Where the access capability points; nil unless it is a legal access to our own window.
  private var windowPlace: (offset: Int, width: AccessWidth)? {
    let offset = Int(space.value(UInt32.self, at: accessCapability + 8))
    let count = Int(space.value(UInt32.self, at: accessCapability + 12))
    guard space.value(UInt8.self, at: accessCapability + 4) == 0, let width = AccessWidth(byteCount: count),
      count <= 4, offset % count == 0, offset <= Int(Layout.byteCount) - count
    else { return nil }
    return (offset, width)
  }

  private mutating func readThroughWindow(_ cycle: inout Cycle) {
    let value = windowPlace.map { read(bar: 0, $0.width, at: $0.offset, &cycle) }
    space.update(UInt32(truncatingIfNeeded: value ?? 0), at: accessCapability + 16)
  }

  private mutating func writeThroughWindow(_ cycle: inout Cycle) {
    guard let place = windowPlace else { return }
    let value = UInt64(space.value(UInt32.self, at: accessCapability + 16)) & place.width.mask
    write(value, bar: 0, place.width, at: place.offset, &cycle)
  }

  public var windows: [PCIWindow] { window.window(in: space).map { [$0] } ?? [] }

  /// Where the driver says that there is something in a queue, queue by queue.
  public var doorbells: [GuestAddress] {
    guard let start = window.place(in: space) else { return [] }
    return queues.indices.map { start + (Layout.notify + 4 * $0) }
  }

  /// All of the common configuration but the status of the device.
  public var selectors: [MemoryRange] {
    guard let start = window.place(in: space) else { return [] }
    let status = CommonRegister.deviceStatus.rawValue, behind = CommonRegister.queueSelect.rawValue
    return [MemoryRange(start, count: UInt64(status)), MemoryRange(start + behind, count: UInt64(CommonRegister.byteCount - behind))]
  }

  public mutating func ring(_ index: Int, _ cycle: inout Cycle) { notify(queue: index, &cycle) }

  // MARK: The window

  public mutating func read(bar: Int, _ width: AccessWidth, at offset: Int, _ cycle: inout Cycle) -> UInt64 {
    guard bar == 0, offset >= 0 else { return width.ones }
    let inside = offset % Layout.page
    switch offset - inside {
    case Layout.common: return readCommon(width, at: inside)
    case Layout.interruptStatus:
      guard inside == 0 else { return 0 }
      defer { interruptStatus = 0 }
      return UInt64(interruptStatus)
    case Layout.device: return readDevice(width, at: inside)
    case Layout.table: return msix.readTable(width, at: inside)
    case Layout.pending: return msix.readPending(width, at: inside)
    default: return 0
    }
  }

  public mutating func write(
    _ value: UInt64, bar: Int, _ width: AccessWidth, at offset: Int, _ cycle: inout Cycle
  ) {
    guard bar == 0, offset >= 0 else { return }
    let inside = offset % Layout.page
    switch offset - inside {
    case Layout.common: writeCommon(value, width, at: inside, &cycle)
    case Layout.notify where inside % 4 == 0: notify(queue: inside / 4, &cycle)
    case Layout.table: msix.writeTable(value, width, at: inside, &cycle)
    default: return
    }
  }

  private func readDevice(_ width: AccessWidth, at offset: Int) -> UInt64 {
    let bytes = function.configuration
    return width.value { offset + $0 < bytes.count ? bytes[offset + $0] : 0 }
  }

  // MARK: Interrupts

  public var interruptLevel: Bool { interruptStatus != 0 && !msix.enabled && !space.interruptDisabled }

  mutating func interrupt(_ reason: UInt8, vector: UInt16, _ cycle: inout Cycle) {
    if msix.enabled { msix.raise(vector, &cycle) } else { interruptStatus |= reason }
  }

  // MARK: Work

  /// The driver is ready and its rings are believed.
  var isRunning: Bool { status.contains(.driverReady) && !status.contains(.needsReset) && !isResetting }

  private mutating func notify(queue index: Int, _ cycle: inout Cycle) {
    guard isRunning, queues.indices.contains(index), queues[index].isEnabled else { return }
    if isWatched { cycle.effects.append(.queue(QueueActivity(queue: index, .notified))) }
    service(index, &cycle)
  }

  private mutating func service(_ index: Int, _ cycle: inout Cycle) {
    unfinished[index] = false
    let more = work(&cycle) { function, queues, memory, cycle throws(QueueError) in
      try function.service(queue: index, &queues, memory: memory, &cycle)
    }
    unfinished[index] = more ?? false
  }

  /// Lets the device work on its queues from outside a notification; nil while no driver is ready, or from a bad ring on.
  public mutating func work<R>(
    _ cycle: inout Cycle,
    _ body: (inout F, inout [Queue], any RingMemory, inout Cycle) throws(QueueError) -> R
  ) -> R? {
    guard isRunning else { return nil }
    if isWatched { for i in queues.indices { queues[i].journal = [] } }
    do throws(QueueError) {
      let result = try body(&function, &queues, memory, &cycle)
      closeJournals(&cycle)
      for i in queues.indices where queues[i].isEnabled {
        if try queues[i].takeSignal(memory) { interrupt(1, vector: queues[i].vector, &cycle) }
      }
      return result
    } catch {
      closeJournals(&cycle)
      fail(&cycle, "\(error)")
      return nil
    }
  }

  private mutating func closeJournals(_ cycle: inout Cycle) {
    guard isWatched else { return }
    for i in queues.indices {
      for event in queues[i].journal ?? [] { cycle.effects.append(.queue(QueueActivity(queue: i, event))) }
      queues[i].journal = nil
    }
  }

  /// The driver's rings make no sense: touch nothing until it resets the device.
  mutating func fail(_ cycle: inout Cycle, _ reason: String) {
    cycle.effects.append(.complaint("the driver's queues make no sense (\(reason)); the device waits for a reset"))
    status.insert(.needsReset)
    if status.contains(.driverReady) { interrupt(2, vector: configurationVector, &cycle) }
  }

  /// A queue that was not emptied in one visit is visited again at once.
  public var deadline: Instant? { unfinished.contains(true) ? .start : nil }

  public mutating func advance(_ cycle: inout Cycle) {
    for i in unfinished.indices where unfinished[i] { service(i, &cycle) }
  }

  // MARK: Reset

  /// Back to power on; while requests are in flight, the driver's view of it waits for them.
  public mutating func reset(_ cycle: inout Cycle) {
    space.reset()
    msix.reset()
    resetDriver()
  }

  /// The driver wrote 0 to the status register.
  mutating func resetDriver() {
    function.reset()
    unfinished = Array(repeating: false, count: function.queueCount)
    interruptStatus = 0
    isResetting = true
    finishReset()
  }

  /// Ends a reset as soon as nothing can write to the driver's memory any more.
  mutating func finishReset() {
    guard isResetting, function.isIdle else { return }
    isResetting = false
    status = []
    deviceFeatureSelect = 0
    driverFeatureSelect = 0
    driverFeatures = 0
    configurationVector = MSIX.none
    queueSelect = 0
    queues = Array(repeating: Queue(), count: function.queueCount)
  }
}
