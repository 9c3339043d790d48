public import DeviceModel
public import Primitives
public import Synchronization
public import SystemBus

/// A function in its place, as the host bridge sees it.
public protocol PCISlot: AnyObject, Sendable {
  var address: FunctionAddress { get }
  var placement: Placement { get }
  func readConfiguration(_ width: AccessWidth, at offset: Int) -> UInt64
  func writeConfiguration(_ value: UInt64, _ width: AccessWidth, at offset: Int)
  /// Nil where none of its windows answers.
  func readMemory(_ width: AccessWidth, at address: UInt64) -> UInt64?
  /// False where none of its windows answers.
  func writeMemory(_ value: UInt64, _ width: AccessWidth, at address: UInt64) -> Bool
  /// Which of its windows answers for this memory access, and at which offset; nil if none does now.
  func decode(_ address: UInt64, count: Int) -> (bar: Int, offset: Int)?
  /// Its doorbells, where they are now.
  var doorbells: [Doorbell] { get }
  func reset()
  var deadline: Instant? { get }
  func advance()
}

/// The lock around one PCI function, its wire to the backplane and its interrupt pin.
public final class FunctionSlot<F: PCIFunction>: PCISlot {
  /// A function and its pin, whose changes are counted so that they can be put in order.
  @usableFromInline struct State: Sendable {
    @usableFromInline var function: F
    private var level = false
    private var sequence: UInt64 = 0

    init(_ function: F) { self.function = function }

    /// The pin's new level; nil if it has not changed.
    @usableFromInline mutating func takeLevel() -> PinChange? {
      guard function.interruptLevel != level else { return nil }
      level = !level
      sequence &+= 1
      return PinChange(level: level, number: sequence)
    }
  }

  public let address: FunctionAddress
  public let placement: Placement
  @usableFromInline let state: Mutex<State>
  @usableFromInline let lines: InterruptLines
  @usableFromInline let backplane: any Backplane

  /// Its cycles arrive at the backplane under `placement`; its pin's under the line's own.
  public init(
    _ function: F, at address: FunctionAddress, _ placement: Placement, lines: InterruptLines,
    on backplane: any Backplane
  ) {
    self.address = address
    self.placement = placement
    self.lines = lines
    self.backplane = backplane
    state = Mutex(State(function))
  }

  /// One cycle under the function's lock; its effects are carried out after the lock is free.
  @inlinable public func access<R: Sendable>(_ body: (inout F, inout Cycle) -> R) -> R {
    var cycle = Cycle(at: backplane.now)
    let (result, pin) = state.withLock { state in
      let deadline = state.function.deadline
      let result = body(&state.function, &cycle)
      if state.function.deadline != deadline { cycle.changes.insert(.deadline) }
      return (result, state.takeLevel())
    }
    if let pin { lines.set(address, of: placement.name, to: pin) }
    if !cycle.isQuiet { backplane.carryOut(cycle, of: placement) }
    return result
  }

  /// A look at the function that has no effects.
  @inlinable public func inspect<R: Sendable>(_ body: (F) -> R) -> R { state.withLock { body($0.function) } }

  public func readConfiguration(_ width: AccessWidth, at offset: Int) -> UInt64 {
    access { function, cycle in function.readConfiguration(width, at: offset, &cycle) }
  }

  public func writeConfiguration(_ value: UInt64, _ width: AccessWidth, at offset: Int) {
    access { function, cycle in function.writeConfiguration(value, width, at: offset, &cycle) }
  }

  public func readMemory(_ width: AccessWidth, at address: UInt64) -> UInt64? {
    guard decode(address, count: width.byteCount) != nil else { return nil }
    return access { function, cycle in
      guard let place = function.decode(address, count: width.byteCount) else { return width.ones }
      return function.read(bar: place.bar, width, at: place.offset, &cycle)
    }
  }

  public func writeMemory(_ value: UInt64, _ width: AccessWidth, at address: UInt64) -> Bool {
    guard decode(address, count: width.byteCount) != nil else { return false }
    access { function, cycle in
      guard let place = function.decode(address, count: width.byteCount) else { return }
      function.write(value, bar: place.bar, width, at: place.offset, &cycle)
    }
    return true
  }

  public func decode(_ address: UInt64, count: Int) -> (bar: Int, offset: Int)? {
    inspect { $0.decode(address, count: count) }
  }

  public var doorbells: [Doorbell] {
    inspect { $0.doorbells }.enumerated().map { index, address in
      Doorbell(at: address) { [self] in access { function, cycle in function.ring(index, &cycle) } }
    }
  }

  public func reset() { access { function, cycle in function.reset(&cycle) } }
  public var deadline: Instant? { inspect { $0.deadline } }
  public func advance() { access { function, cycle in function.advance(&cycle) } }
}
