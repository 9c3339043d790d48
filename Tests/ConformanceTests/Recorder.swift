import DeviceModel
import Primitives

/// One access that reached the bus.
struct Access: Equatable, Sendable, CustomStringConvertible {
  enum Kind: Equatable, Sendable { case output, input, store, load }
  var kind: Kind
  var address: UInt64
  var width: AccessWidth
  var value: UInt64

  static func out(_ port: UInt64, _ width: AccessWidth, _ value: UInt64) -> Access {
    Access(kind: .output, address: port, width: width, value: value)
  }
  static func `in`(_ port: UInt64, _ width: AccessWidth, _ value: UInt64) -> Access {
    Access(kind: .input, address: port, width: width, value: value)
  }
  static func store(_ address: UInt64, _ width: AccessWidth, _ value: UInt64) -> Access {
    Access(kind: .store, address: address, width: width, value: value)
  }
  static func load(_ address: UInt64, _ width: AccessWidth, _ value: UInt64) -> Access {
    Access(kind: .load, address: address, width: width, value: value)
  }

  var description: String { "\(kind) \(String(address, radix: 16)) \(width) \(String(value, radix: 16))" }
}

/// A device that writes down what the guest does to it.
///
/// Ports E0 to FF: E8 sets the shadow of segment E000, EA drives its line, EC sends an interrupt message,
/// F4 ends the run. What it answers at byte n of its range is A0 + n, so that every lane can be told apart.
struct Recorder: Device {
  static let ports = PortRange(0xE0, count: 0x20)

  private(set) var accesses: [Access] = []
  private let memory: MemoryRange?
  private var shadowByte: UInt8 = 0

  init(memory: MemoryRange?) { self.memory = memory }

  static func placement(memory: MemoryRange?, line: Int) -> Placement {
    Placement("recorder", ports: [ports], memory: memory, line: line)
  }

  /// What the guest sees at an offset of the port or the memory range.
  static func answer(_ width: AccessWidth, at offset: UInt64) -> UInt64 {
    (0..<UInt64(width.byteCount)).reduce(0) { $0 | ((0xA0 &+ offset &+ $1) & 0xFF) << ($1 * 8) }
  }

  /// Offsets of the memory range follow those of the ports.
  private func address(_ offset: Int) -> (value: UInt64, isPort: Bool) {
    let ports = Int(Self.ports.count)
    if offset < ports { return (UInt64(offset) + 0xE0, true) }
    return ((memory?.first.value ?? 0) + UInt64(offset - ports), false)
  }

  mutating func read(_ width: AccessWidth, at offset: Int, _ cycle: inout Cycle) -> UInt64 {
    // Whoever runs the guest hears of each access.
    cycle.changes.insert(.work)
    let (address, isPort) = address(offset)
    let value = Self.answer(width, at: isPort ? address - 0xE0 : UInt64(offset) - Self.ports.count)
    accesses.append(Access(kind: isPort ? .input : .load, address: address, width: width, value: value))
    return value
  }

  mutating func write(_ value: UInt64, _ width: AccessWidth, at offset: Int, _ cycle: inout Cycle) {
    cycle.changes.insert(.work)
    let (address, isPort) = address(offset)
    guard isPort else {
      accesses.append(.store(address, width, value))
      return
    }
    switch address {
    case 0xE8: cycle.changes.insert(.memoryMap); shadowByte = UInt8(truncatingIfNeeded: value)
    case 0xEA: cycle.interrupt = value != 0
    case 0xEC: cycle.effects.append(.message(MSIMessage(address: 0xFEE0_0000, data: UInt32(truncatingIfNeeded: value))))
    case 0xF4: cycle.effects.append(.power(.exit(code: 0)))
    default: accesses.append(.out(address, width, value))
    }
  }

  mutating func reset() {}

  /// The shadow registers as the guest last wished them.
  var shadow: [UInt8] { [0, 0, 0, 0, 0, shadowByte, 0] }
}
