public import DeviceModel
internal import Primitives

/// An interrupt on its way to local APICs, from a device, the I/O APIC or another processor.
public struct InterruptMessage: Equatable, Sendable {
  public enum Audience: Equatable, Sendable {
    /// One physical APIC id; all ones means everybody.
    case physical(UInt32)
    /// A set of processors, as each local APIC's logical id understands it.
    case logical(UInt32)
    case sender
    case everyone
    case everyoneElse
  }

  public var audience: Audience
  public var mode: DeliveryMode
  public var vector: UInt8
  public var isLevel: Bool

  public init(_ audience: Audience, mode: DeliveryMode = .fixed, vector: UInt8, isLevel: Bool = false) {
    self.audience = audience
    self.mode = mode
    self.vector = vector
    self.isLevel = isLevel
  }

  /// Decodes a message-signalled interrupt; nil if it is none, or has a reserved mode.
  public init?(_ message: MSIMessage) {
    guard message.address[bits: 20...63] == 0xFEE,
      let mode = DeliveryMode(rawValue: UInt8(truncatingIfNeeded: message.data[bits: 8...10]))
    else { return nil }
    let id = UInt32(truncatingIfNeeded: message.address[bits: 12...19])
    let isLogical = message.address[bit: 2]
    self.init(
      isLogical ? .logical(id) : .physical(id == 0xFF ? .max : id), mode: mode,
      vector: UInt8(truncatingIfNeeded: message.data), isLevel: message.data[bit: 15])
  }
}
