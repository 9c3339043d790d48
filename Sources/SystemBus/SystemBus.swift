public import DeviceModel
public import Primitives
public import Synchronization

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

/// The lock around one device, and its wire to the backplane. Written once, for every device.
public final class Slot<D: Device>: BusTarget {
  public let placement: Placement
  @usableFromInline let device: Mutex<D>
  @usableFromInline let backplane: any Backplane

  public init(_ device: D, _ placement: Placement, on backplane: any Backplane) {
    self.device = Mutex(device)
    self.placement = placement
    self.backplane = backplane
  }

  @inlinable public func read(_ width: AccessWidth, at offset: Int) -> UInt64 {
    access { device, cycle in device.read(width, at: offset, &cycle) }
  }

  @inlinable public func write(_ value: UInt64, _ width: AccessWidth, at offset: Int) {
    access { device, cycle in device.write(value, width, at: offset, &cycle) }
  }

  /// A device just out of reset drives its line low.
  public func reset() {
    access { device, cycle in
      device.reset()
      cycle.interrupt = false
    }
  }
  public var deadline: Instant? { device.withLock { $0.deadline } }
  public func advance() { access { device, cycle in device.advance(&cycle) } }

  /// One cycle under the device's lock; its effects are carried out after the lock is free.
  @inlinable public func access<R: Sendable>(_ body: (inout sending D, inout Cycle) -> sending R) -> R {
    var cycle = Cycle(at: backplane.now)
    let result = device.withLock { device in
      let deadline = device.deadline
      let result = body(&device, &cycle)
      if device.deadline != deadline { cycle.changes.insert(.deadline) }
      return result
    }
    if !cycle.isQuiet { backplane.carryOut(cycle, of: placement) }
    return result
  }
}

/// Two devices in one place.
public struct AddressConflict: Error, CustomStringConvertible {
  public let first: String
  public let second: String
  public var description: String { "\(second) overlaps \(first) on the bus" }
}

/// Decodes both address spaces. Frozen at power-on: a value that every processor may copy.
public struct SystemBus: Sendable {
  struct Window<Space: AddressSpace>: Sendable {
    let range: AddressRange<Space>
    let target: any BusTarget
    /// Where this range begins in the device's own offsets.
    let base: Int
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
    var low = 0
    var high = list.count
    while low < high {
      let middle = (low + high) / 2
      if list[middle].range.last < address { low = middle + 1 } else { high = middle }
    }
    return low < list.count && list[low].range.contains(address) ? low : nil
  }

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
      let window = list[found]
      let offset = Int(address.value - window.range.first.value)
      if offset + width.byteCount <= Int(window.range.count) {
        return window.target.read(width, at: window.base + offset) & width.mask
      }
    } else if find(address + (width.byteCount - 1), in: list) == nil {
      return width.ones
    }
    guard width != .byte else { return width.ones }
    return width.value { UInt8(truncatingIfNeeded: read(.byte, address + $0, list)) }
  }

  private static func write<Space>(_ value: UInt64, _ width: AccessWidth, _ address: Address<Space>, _ list: [Window<Space>]) {
    if let found = find(address, in: list) {
      let window = list[found]
      let offset = Int(address.value - window.range.first.value)
      if offset + width.byteCount <= Int(window.range.count) {
        return window.target.write(value & width.mask, width, at: window.base + offset)
      }
    } else if find(address + (width.byteCount - 1), in: list) == nil {
      return
    }
    guard width != .byte else { return }
    width.forEachByte(of: value) { write(UInt64($1), .byte, address + $0, list) }
  }
}
