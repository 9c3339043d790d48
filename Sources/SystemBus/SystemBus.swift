public import DeviceModel
public import Primitives

/// Where finished cycles go that are not quiet: the machine carries out what devices asked for, and knows the time.
public protocol Backplane: AnyObject, Sendable {
  var now: Instant { get }
  func carryOut(_ cycle: Cycle, of placement: Placement)
}

/// A device in its place, as the bus and the machine see it.
public protocol BusTarget: AnyObject, Sendable {
  var placement: Placement { get }
  func read(_ width: AccessWidth, at offset: Int) -> UInt64
  func write(_ value: UInt64, _ width: AccessWidth, at offset: Int)
  func reset()
  var deadline: Instant? { get }
  func advance()
  /// Whether an access there is another target's, to which this one only leads.
  func handsOn(_ offset: Int) -> Bool
}

extension BusTarget {
  public func handsOn(_ offset: Int) -> Bool { false }
}

/// Two devices in one place.
public struct AddressConflict: Error, CustomStringConvertible {
  public let first: String
  public let second: String
  public var description: String { "\(second) overlaps \(first) on the bus" }
}

/// Decodes both address spaces. Frozen at power-on: a value that every processor may copy.
public struct SystemBus: Sendable {
  /// A range of addresses that a device has to itself. A processor remembers where its last access led, because a guest asks
  /// the same device again and again.
  public struct Window<Space: AddressSpace>: Sendable {
    @usableFromInline let range: AddressRange<Space>
    @usableFromInline let target: any BusTarget
    /// Where this range begins in the device's own offsets.
    @usableFromInline let base: Int

    /// Nil unless all of it is in this window.
    @inlinable public func read(_ width: AccessWidth, from address: Address<Space>) -> UInt64? {
      guard holds(address, width) else { return nil }
      return target.read(width, at: offset(of: address)) & width.mask
    }

    /// False unless all of it is in this window.
    @inlinable public func write(_ value: UInt64, _ width: AccessWidth, to address: Address<Space>) -> Bool {
      guard holds(address, width) else { return false }
      target.write(value & width.mask, width, at: offset(of: address))
      return true
    }

    @inlinable func holds(_ address: Address<Space>, _ width: AccessWidth) -> Bool {
      let (size, place) = (range.last.value &- range.first.value, address.value &- range.first.value)
      return place <= size && UInt64(size &- place) >= UInt64(width.byteCount) &- 1
    }

    @inlinable func offset(of address: Address<Space>) -> Int { base &+ Int(truncatingIfNeeded: address.value &- range.first.value) }
  }

  public private(set) var targets: [any BusTarget] = []
  private var ports: [Window<PortSpace>] = []
  /// Who gets accesses to ports where nobody else is.
  private var subtractive: (any BusTarget)?
  private var memory: [Window<MemorySpace>] = []

  public init() {}

  public mutating func add(_ target: any BusTarget) throws(AddressConflict) {
    var base = 0
    for range in target.placement.ports {
      try Self.insert(Window(range: range, target: target, base: base), into: &ports)
      base += Int(range.count)
    }
    if let range = target.placement.memory {
      try Self.insert(Window(range: range, target: target, base: base), into: &memory)
    }
    targets.append(target)
  }

  /// A target whose ports are wherever another target leads to: only its memory has a fixed place.
  public mutating func addMemory(of target: any BusTarget) throws(AddressConflict) {
    let base = target.placement.ports.reduce(0) { $0 + Int($1.count) }
    if let range = target.placement.memory { try Self.insert(Window(range: range, target: target, base: base), into: &memory) }
    targets.append(target)
  }

  /// The target that gets what begins at a port where nobody else is. Its offsets are ports.
  public mutating func setSubtractive(_ target: any BusTarget) { subtractive = target }

  private static func insert<Space>(_ window: Window<Space>, into list: inout [Window<Space>]) throws(AddressConflict) {
    for other in list where other.range.overlaps(window.range) {
      throw AddressConflict(first: other.target.placement.name, second: window.target.placement.name)
    }
    let place = list.firstIndex { $0.range.first > window.range.first } ?? list.count
    list.insert(window, at: place)
  }

  private static func find<Space>(_ address: Address<Space>, in list: [Window<Space>]) -> Int? {
    let place = list.firstIndexBehind { $0.range.last < address }
    return place < list.count && list[place].range.contains(address) ? place : nil
  }

  /// Whose window a port is in.
  public func window(at port: Port) -> Window<PortSpace>? { Self.find(port, in: ports).map { ports[$0] } }

  public func read(_ width: AccessWidth, from port: Port) -> UInt64 {
    if let subtractive, Self.find(port, in: ports) == nil, Self.find(port + (width.byteCount - 1), in: ports) == nil {
      return subtractive.read(width, at: Int(port.value)) & width.mask
    }
    return Self.read(width, port, ports)
  }

  public func write(_ value: UInt64, _ width: AccessWidth, to port: Port) {
    if let subtractive, Self.find(port, in: ports) == nil, Self.find(port + (width.byteCount - 1), in: ports) == nil {
      return subtractive.write(value & width.mask, width, at: Int(port.value))
    }
    Self.write(value, width, port, ports)
  }

  public func read(_ width: AccessWidth, from address: GuestAddress) -> UInt64 { Self.read(width, address, memory) }
  public func write(_ value: UInt64, _ width: AccessWidth, to address: GuestAddress) { Self.write(value, width, address, memory) }

  /// An access that runs over a device's end is split into bytes: each belongs to whoever is there.
  private static func read<Space>(_ width: AccessWidth, _ address: Address<Space>, _ list: [Window<Space>]) -> UInt64 {
    if let found = find(address, in: list) {
      if let value = list[found].read(width, from: address) { return value }
    } else if find(address + (width.byteCount - 1), in: list) == nil {
      return width.ones
    }
    guard width != .byte else { return width.ones }
    return width.value { UInt8(truncatingIfNeeded: read(.byte, address + $0, list)) }
  }

  private static func write<Space>(_ value: UInt64, _ width: AccessWidth, _ address: Address<Space>, _ list: [Window<Space>]) {
    if let found = find(address, in: list) {
      if list[found].write(value, width, to: address) { return }
    } else if find(address + (width.byteCount - 1), in: list) == nil {
      return
    }
    guard width != .byte else { return }
    width.forEachByte(of: value) { write(UInt64($1), .byte, address + $0, list) }
  }
}
