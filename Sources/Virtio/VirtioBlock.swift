public import DeviceModel
import Primitives

/// A virtio disk (virtio 1.2, 5.2) without the disk: it says what to do, and is told when that is done.
public struct VirtioBlock: VirtioFunction {
  public static let deviceID: UInt16 = 2
  public static let pciClass: UInt32 = 0x01_0000
  /// However many processors there are, more queues than these bring nothing.
  public static let mostQueues = 16

  enum Bit {
    static let segmentMaximum: UInt64 = 1 << 2
    static let readOnly: UInt64 = 1 << 5
    static let blockSize: UInt64 = 1 << 6
    static let flush: UInt64 = 1 << 9
    static let multipleQueues: UInt64 = 1 << 12
    static let discard: UInt64 = 1 << 13
    static let writeZeroes: UInt64 = 1 << 14
  }

  /// What a request's header asks for.
  enum RequestType {
    static let read: UInt64 = 0
    static let write: UInt64 = 1
    static let flush: UInt64 = 4
    static let identity: UInt64 = 8
    static let discard: UInt64 = 11
    static let writeZeroes: UInt64 = 13
  }

  enum Status {
    static let ok: UInt8 = 0
    static let ioError: UInt8 = 1
    static let unsupported: UInt8 = 2
  }

  static let sectorSize = 512
  static let headerSize = 16
  static let identityCount = 20
  /// The most requests a worker may owe us.
  public static let maximumInFlight = 256
  /// The most sectors one discard or write-zeroes covers: 2 GiB.
  static let maximumRange: UInt64 = 1 << 22

  /// Where the answer to a request in flight goes.
  struct Pending: Sendable {
    let queue: Int
    let head: UInt16
    let status: GuestAddress
    let written: Int
  }

  public let queueCount: Int
  let sectorCount: UInt64
  let isReadOnly: Bool
  let identity: [UInt8]
  var inFlight = InFlight<Pending>(limit: maximumInFlight)
  var negotiated: UInt64 = 0
  /// The queues that may have something in them, in the order in which they get their turn.
  var waiting: [Int] = []

  /// A disk of 512-byte sectors.
  ///
  /// - Parameters:
  ///   - identity: its serial number, up to 20 bytes of ASCII.
  ///   - processors: of the machine; each has a queue of its own, as far as there are enough.
  public init(sectorCount: UInt64, readOnly: Bool = false, identity: String = "", processors: Int = 1) {
    self.sectorCount = sectorCount
    isReadOnly = readOnly
    queueCount = min(max(processors, 1), Self.mostQueues)
    let name = Array(identity.utf8.prefix(Self.identityCount))
    self.identity = name + Array(repeating: 0, count: Self.identityCount - name.count)
  }

  public var features: UInt64 {
    let common = Bit.segmentMaximum | Bit.blockSize | Bit.flush
    return common | (queueCount > 1 ? Bit.multipleQueues : 0) | (isReadOnly ? Bit.readOnly : Bit.discard | Bit.writeZeroes)
  }

  public var configuration: [UInt8] {
    var bytes = [UInt8](repeating: 0, count: 60)
    bytes.store(sectorCount, at: 0)
    bytes.store(UInt32(Queue.maximumSize - 2), at: 12)
    bytes.store(UInt32(Self.sectorSize), at: 20)
    bytes.store(UInt16(queueCount), at: 34)
    guard !isReadOnly else { return bytes }
    bytes.store(UInt32(Self.maximumRange), at: 36)
    bytes.store(UInt32(1), at: 40)
    bytes.store(UInt32(1), at: 44)
    bytes.store(UInt32(Self.maximumRange), at: 48)
    bytes.store(UInt32(1), at: 52)
    bytes.store(UInt8(1), at: 56)
    return bytes
  }

  public mutating func start(features: UInt64) { negotiated = features }

  /// The worker does the work.
  public mutating func service(
    queue index: Int, _ queues: inout [Queue], memory: any RingMemory, _ cycle: inout Cycle
  ) throws(QueueError) -> Bool {
    if !waiting.contains(index) { waiting.append(index) }
    cycle.changes.insert(.work)
    return false
  }

  public mutating func reset() {
    negotiated = 0
    waiting = []
  }

  public var isIdle: Bool { inFlight.isEmpty }
}
