public import DeviceModel
public import GuestRAM
internal import PCI
public import Primitives
public import Virtio

/// A driver without a guest: it talks to a device only through its configuration, its window and RAM.
public final class MockDriver<F: VirtioFunction> {
  public struct Buffer {
    public var address: UInt64
    public var count: UInt32
    public var flags: UInt16
    public var next: UInt16

    public init(address: UInt64, count: UInt32, flags: UInt16 = 0, next: UInt16 = 0) {
      self.address = address
      self.count = count
      self.flags = flags
      self.next = next
    }
  }

  public enum Flag {
    public static var next: UInt16 { 1 }
    public static var write: UInt16 { 2 }
    public static var indirect: UInt16 { 4 }
  }

  /// Each queue's rings have 64 KiB; buffers come after.
  public static var rings: UInt64 { 0x2_0000 }
  public static var window: UInt64 { 0xC000_0000 }
  public static var buffers: UInt64 { 0x8_0000 }

  public var device: VirtioPCI<F>
  public let memory: GuestMemory
  public var cycle = Cycle(at: .start)
  public internal(set) var size: UInt16 = 0
  private var added: [UInt16]
  private var reaped: [UInt16]
  private var nextDescriptor: [UInt16]

  public init(_ function: F, ram: UInt64 = 2 << 20) throws {
    memory = try GuestMemory(size: ram)
    device = VirtioPCI(function, memory: memory)
    added = Array(repeating: 0, count: device.function.queueCount)
    reaped = added
    nextDescriptor = added
    setConfig(UInt64(UInt32(Self.window)), 0x10)
    setConfig(6, 4, .word)
  }

  // MARK: Registers

  public func config(_ offset: Int, _ width: AccessWidth = .dword) -> UInt64 {
    device.readConfiguration(width, at: offset, &cycle)
  }
  public func setConfig(_ value: UInt64, _ offset: Int, _ width: AccessWidth = .dword) {
    device.writeConfiguration(value, width, at: offset, &cycle)
  }
  /// An offset from where the driver has put the window, as the device sees it; nil if nothing of it is there.
  private func inWindow(_ offset: Int, _ width: AccessWidth) -> Int? {
    guard let range = device.windows.first?.range, offset >= 0 else { return nil }
    let (first, last) = (GuestAddress(Self.window) + offset, GuestAddress(Self.window) + (offset + width.byteCount - 1))
    return range.contains(first) && range.contains(last) ? Int(first.value - range.first.value) : nil
  }

  public func read(_ width: AccessWidth, _ offset: Int) -> UInt64 {
    guard let offset = inWindow(offset, width) else { return width.ones }
    return device.read(bar: 0, width, at: offset, &cycle)
  }
  public func write(_ value: UInt64, _ width: AccessWidth, _ offset: Int) {
    guard let offset = inWindow(offset, width) else { return }
    device.write(value, bar: 0, width, at: offset, &cycle)
  }

  public var status: UInt8 {
    get { UInt8(truncatingIfNeeded: read(.byte, 0x14)) }
    set { write(UInt64(newValue), .byte, 0x14) }
  }
  public var isBroken: Bool { status & 0x40 != 0 }

  public func features() -> UInt64 {
    write(0, .dword, 0)
    let low = read(.dword, 4)
    write(1, .dword, 0)
    return low | read(.dword, 4) << 32
  }

  public func setFeatures(_ features: UInt64) {
    write(0, .dword, 8)
    write(features & 0xFFFF_FFFF, .dword, 0xC)
    write(1, .dword, 8)
    write(features >> 32, .dword, 0xC)
  }

  // MARK: Taking over the device

  /// Every step from reset to "driver ready", with all the queues in place.
  public func start(size: UInt16 = 16, features: UInt64? = nil) throws {
    try negotiate(features: features)
    for queue in 0..<device.function.queueCount { try enable(queue: queue, size: size) }
    status = 15
  }

  public func negotiate(features: UInt64? = nil) throws {
    status = 0
    status = 1
    status = 3
    let wanted: UInt64
    if let features { wanted = features } else { wanted = self.features() }
    setFeatures(wanted)
    status = 11
  }

  public func descriptors(_ queue: Int) -> UInt64 { Self.rings + UInt64(queue) << 16 }
  public func available(_ queue: Int) -> UInt64 { descriptors(queue) + 0x4000 }
  public func used(_ queue: Int) -> UInt64 { descriptors(queue) + 0x8000 }

  public func enable(queue: Int, size: UInt16) throws {
    self.size = size
    try memory.fill(0, count: 0x1_0000, at: GuestAddress(descriptors(queue)))
    added[queue] = 0
    reaped[queue] = 0
    nextDescriptor[queue] = 0
    write(UInt64(queue), .word, 0x16)
    write(UInt64(size), .word, 0x18)
    write(descriptors(queue), .qword, 0x20)
    write(available(queue), .dword, 0x28)
    write(0, .dword, 0x2C)
    write(used(queue), .dword, 0x30)
    write(0, .dword, 0x34)
    write(1, .word, 0x1C)
  }

  /// Unmasked MSI-X: the configuration has vector 0, queue n has n + 1.
  public func useMessages() {
    for vector in 0...device.function.queueCount {
      write(0xFEE0_0000, .qword, 0x4000 + vector * 16)
      write(UInt64(vector), .qword, 0x4008 + vector * 16)
    }
    setConfig(0x8000, 0x42, .word)
    write(0, .word, 0x10)
    for queue in 0..<device.function.queueCount {
      write(UInt64(queue), .word, 0x16)
      write(UInt64(queue + 1), .word, 0x1A)
    }
  }

  // MARK: Rings

  public func setDescriptor(_ index: Int, _ buffer: Buffer, table: UInt64? = nil) throws {
    var bytes: [UInt8] = []
    bytes.append(littleEndian: buffer.address)
    bytes.append(littleEndian: buffer.count)
    bytes.append(littleEndian: buffer.flags)
    bytes.append(littleEndian: buffer.next)
    try memory.write(bytes, at: GuestAddress(table ?? descriptors(0)) + 16 * index)
  }

  /// Makes a head available, without a kick.
  public func publish(_ head: UInt16, queue: Int = 0) throws {
    try memory.store(head, at: GuestAddress(available(queue)) + (4 + 2 * Int(added[queue] % size)))
    added[queue] &+= 1
    try memory.storeIndex(added[queue], at: GuestAddress(available(queue)) + 2)
  }

  /// Chains buffers in the queue's table, one after the other, and makes them available.
  public func add(_ buffers: [Buffer], queue: Int = 0) throws {
    let head = nextDescriptor[queue]
    for (i, buffer) in buffers.enumerated() {
      var buffer = buffer
      let index = nextDescriptor[queue]
      nextDescriptor[queue] = (index + 1) % size
      if i + 1 < buffers.count {
        buffer.flags |= Flag.next
        buffer.next = nextDescriptor[queue]
      }
      try setDescriptor(Int(index), buffer, table: descriptors(queue))
    }
    try publish(head, queue: queue)
  }

  public func kick(queue: Int = 0) {
    cycle = Cycle(at: .start)
    write(UInt64(queue), .word, 0x3000 + 4 * queue)
  }

  /// What the device gave back since the last call: heads and lengths.
  public func reap(queue: Int = 0) throws -> [(head: UInt32, written: UInt32)] {
    var result: [(UInt32, UInt32)] = []
    let index = try memory.loadIndex(at: GuestAddress(used(queue)) + 2)
    while reaped[queue] != index {
      let entry = GuestAddress(used(queue)) + (4 + 8 * Int(reaped[queue] % size))
      result.append((try memory.load(at: entry), try memory.load(at: entry + 4)))
      reaped[queue] &+= 1
    }
    return result
  }

  /// Reads and clears the interrupt status.
  public func interruptStatus() -> UInt64 { read(.byte, 0x1000) }
}
