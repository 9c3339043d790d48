public import DeviceModel
public import Primitives
public import SystemBus

/// The LPC bridge on the bus: ports that no other target has lead to the PM block, wherever the guest has put that.
public final class MovablePorts: BusTarget {
  private let bridge: HostBridge
  private let block: any BusTarget
  private let count: Int

  /// - Parameter block: the target whose only range of ports moves.
  public init(of block: any BusTarget, behind bridge: HostBridge) {
    self.bridge = bridge
    self.block = block
    count = block.placement.ports.first.map { Int($0.count) } ?? 0
  }

  public let placement = Placement("LPC bridge")

  /// Where an access to a port is in the block; nil if it is not wholly inside.
  private func place(_ width: AccessWidth, _ port: Int) -> Int? {
    guard let base = bridge.pmBase else { return nil }
    let offset = port - Int(base.value)
    return offset >= 0 && offset + width.byteCount <= count ? offset : nil
  }

  public func read(_ width: AccessWidth, at offset: Int) -> UInt64 {
    place(width, offset).map { block.read(width, at: $0) } ?? width.ones
  }

  public func write(_ value: UInt64, _ width: AccessWidth, at offset: Int) {
    if let place = place(width, offset) { block.write(value, width, at: place) }
  }

  /// The block has its own reset and its own time.
  public func reset() {}
  public var deadline: Instant? { nil }
  public func advance() {}
}
