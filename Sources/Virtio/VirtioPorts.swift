public import DeviceModel
import Primitives

/// A virtio console whose ports are streams of bytes, each with a name (virtio 1.2, 5.3, with VIRTIO_CONSOLE_F_MULTIPORT).
///
/// Nothing is lost and nothing is waited for here: what a guest sends stays in its queue until somebody takes it, and what is
/// sent to it goes as far as it has room.
public struct VirtioPorts: VirtioFunction {
  public static let deviceID: UInt16 = 3
  public static let pciClass: UInt32 = 0x07_8000
  public static let portCount = 4

  private static let multiplePorts: UInt64 = 1 << 1
  private static let controlReceive = 2
  private static let controlTransmit = 3
  /// The most messages that wait for the driver to have room.
  private static let controlLimit = 64

  /// What the guest has sent and somebody has begun to take.
  private struct Transmission: Sendable {
    let chain: DescriptorChain
    var done = 0
  }

  private let names: [String]
  private var transmissions: [Transmission?] = Array(repeating: nil, count: portCount)
  private var messages: [PortControl] = []
  /// Ports that the driver has made ready.
  private var isReady = Array(repeating: false, count: portCount)
  /// Ports that a program of the guest has opened: for nobody else Linux keeps what comes.
  private var isOpen = Array(repeating: false, count: portCount)
  /// Ports whose other side, outside, is gone.
  private var isClosed = Array(repeating: false, count: portCount)

  /// - Parameter names: of the ports, by which the guest finds them.
  public init(names: [String]) { self.names = Array(names.prefix(Self.portCount)) }

  /// Two for each port, and two for messages about ports.
  public var queueCount: Int { 2 * (Self.portCount + 1) }
  public var features: UInt64 { Self.multiplePorts }

  public var configuration: [UInt8] {
    var bytes: [UInt8] = [0, 0, 0, 0]
    bytes.append(littleEndian: UInt32(Self.portCount))
    return bytes
  }

  // The queues of port 0 come before the ones for control, those of the others behind.
  private static func receiveQueue(_ port: Int) -> Int { port == 0 ? 0 : 2 * port + 2 }
  private static func transmitQueue(_ port: Int) -> Int { receiveQueue(port) + 1 }

  public mutating func service(
    queue index: Int, _ queues: inout [Queue], memory: any RingMemory, _ cycle: inout Cycle
  ) throws(QueueError) -> Bool {
    switch index {
    case Self.controlTransmit:
      cycle.changes.insert(.work)
      return try hear(&queues, memory)
    case Self.controlReceive: try tell(&queues, memory)
    default: cycle.changes.insert(.work)
    }
    return false
  }

  // MARK: Messages about ports

  private mutating func hear(_ queues: inout [Queue], _ memory: any RingMemory) throws(QueueError) -> Bool {
    for _ in 0..<queues[Self.controlTransmit].size {
      guard let chain = try queues[Self.controlTransmit].pop(from: memory) else {
        try tell(&queues, memory)
        return false
      }
      if let message = PortControl(try chain.bytes(upTo: PortControl.size, from: memory)) { answer(message) }
      try queues[Self.controlTransmit].push(chain.head, written: 0, to: memory)
    }
    try tell(&queues, memory)
    return true
  }

  private mutating func answer(_ message: PortControl) {
    let port = Int(message.port)
    if message.event == .open, names.indices.contains(port) { isOpen[port] = message.value == 1 }
    guard message.value == 1, messages.count < Self.controlLimit else { return }
    switch message.event {
    case .deviceReady: messages += names.indices.map { PortControl(.add, port: $0) }
    case .ready:
      guard names.indices.contains(port) else { return }
      isReady[port] = true
      messages.append(PortControl(.name, port: port, text: Array(names[port].utf8)))
      messages.append(PortControl(.open, port: port))
      if isClosed[port] { messages.append(PortControl(.open, port: port, value: 0)) }
    case .open, .add, .name: break
    }
  }

  fileprivate mutating func tell(_ queues: inout [Queue], _ memory: any RingMemory) throws(QueueError) {
    while let message = messages.first, let chain = try queues[Self.controlReceive].pop(from: memory) {
      messages.removeFirst()
      let written = try chain.write(message.bytes, to: memory)
      try queues[Self.controlReceive].push(chain.head, written: written, to: memory)
    }
  }

  fileprivate mutating func close(_ port: Int) {
    guard names.indices.contains(port), !isClosed[port] else { return }
    isClosed[port] = true
    if isReady[port] { messages.append(PortControl(.open, port: port, value: 0)) }
  }

  // MARK: Bytes

  /// The next bytes of a port's sender, at most `limit`; none if nothing is sent.
  mutating func take(_ port: Int, upTo limit: Int, _ queues: inout [Queue], _ memory: any RingMemory) throws(QueueError) -> [UInt8] {
    guard names.indices.contains(port) else { return [] }
    let queue = Self.transmitQueue(port)
    var bytes: [UInt8] = []
    // Others want the lock too, however many empty chains there are.
    for _ in 0..<queues[queue].size where bytes.count < limit {
      if transmissions[port] == nil { transmissions[port] = try queues[queue].pop(from: memory).map { Transmission(chain: $0) } }
      guard let transmission = transmissions[port] else { return bytes }
      let part = try transmission.chain.bytes(after: transmission.done, upTo: limit - bytes.count, from: memory)
      bytes += part
      let done = transmission.done + part.count
      let isWhole = done == transmission.chain.readableCount
      transmissions[port] = isWhole ? nil : Transmission(chain: transmission.chain, done: done)
      if isWhole { try queues[queue].push(transmission.chain.head, written: 0, to: memory) }
    }
    return bytes
  }

  /// Puts bytes into the buffers of a port's reader; returns how many fitted.
  func receive(_ bytes: [UInt8], at port: Int, _ queues: inout [Queue], _ memory: any RingMemory) throws(QueueError) -> Int {
    guard names.indices.contains(port), isOpen[port] else { return 0 }
    return try queues[Self.receiveQueue(port)].fill(with: bytes, memory)
  }

  public mutating func reset() {
    transmissions = Array(repeating: nil, count: Self.portCount)
    messages = []
    isReady = Array(repeating: false, count: Self.portCount)
    isOpen = isReady
  }
}

extension VirtioPCI where F == VirtioPorts {
  /// The next bytes that the guest has sent to a port, at most `limit`. What is not taken keeps its sender waiting.
  public mutating func take(_ port: Int, upTo limit: Int, _ cycle: inout Cycle) -> [UInt8] {
    let bytes = work(&cycle) { ports, queues, memory, _ throws(QueueError) in try ports.take(port, upTo: limit, &queues, memory) }
    return bytes ?? []
  }

  /// Offers bytes to the reader of a port; returns how many it took. The rest must be offered again after the next wake.
  public mutating func receive(_ bytes: [UInt8], at port: Int, _ cycle: inout Cycle) -> Int {
    let taken = work(&cycle) { ports, queues, memory, _ throws(QueueError) in try ports.receive(bytes, at: port, &queues, memory) }
    return taken ?? 0
  }

  /// Tells the guest, now or when it asks, that nothing more comes from, or is taken by, the outside of a port.
  public mutating func close(_ port: Int, _ cycle: inout Cycle) {
    function.close(port)
    work(&cycle) { ports, queues, memory, _ throws(QueueError) in try ports.tell(&queues, memory) }
  }
}
