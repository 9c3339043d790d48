public import DeviceModel
public import PCI
public import Primitives
public import Synchronization
public import SystemBus

/// A function in its place, as the host bridge sees it.
public protocol PCISlot: AnyObject, Sendable {
  var address: FunctionAddress { get }
  var placement: Placement { get }
  func readConfiguration(_ width: AccessWidth, at offset: Int) -> UInt64
  func writeConfiguration(_ value: UInt64, _ width: AccessWidth, at offset: Int)
  func readMemory(bar: Int, _ width: AccessWidth, at offset: Int) -> UInt64
  func writeMemory(_ value: UInt64, bar: Int, _ width: AccessWidth, at offset: Int)
  /// Its windows, where they are now.
  var windows: [PCIWindow] { get }
  /// Its doorbells, where they are now.
  var doorbells: [Doorbell] { get }
  /// Its registers that only prepare an access, where they are now.
  var selectors: [MemoryRange] { get }
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

    @usableFromInline init(_ function: F) { self.function = function }

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
  /// They are made where the function's type is known, as those of `Slot` are, and only they have the function with its lock.
  @usableFromInline let cycling: @Sendable ((inout F, inout Cycle) -> Void) -> Void
  @usableFromInline let looking: @Sendable ((F) -> Void) -> Void

  /// Its cycles arrive at the backplane under `placement`; its pin's under the line's own.
  @inlinable public init(
    _ function: F, at address: FunctionAddress, _ placement: Placement, wires: PCIWires,
    on backplane: any Backplane
  ) {
    let state = Mutex(State(function))
    self.address = address
    self.placement = placement
    looking = { body in state.withLock { body($0.function) } }
    // One cycle under the function's lock; its effects are carried out after the lock is free.
    cycling = { body in
      var cycle = Cycle(at: backplane.now)
      let pin = state.withLock { state in
        let deadline = state.function.deadline
        body(&state.function, &cycle)
        if state.function.deadline != deadline { cycle.changes.insert(.deadline) }
        return state.takeLevel()
      }
      if let pin { wires.set(address, of: placement.name, to: pin) }
      if cycle.changes.contains(.windows) { wires.moveWindows(of: address) { state.withLock { $0.function.windows } } }
      if !cycle.isQuiet { backplane.carryOut(cycle, of: placement) }
    }
  }

  /// A cycle for whoever has business with the function.
  @inlinable public func access<R: Sendable>(_ body: (inout F, inout Cycle) -> R) -> R {
    var result: R?
    cycling { function, cycle in result = body(&function, &cycle) }
    guard let result else { fatalError("a slot lets each look at its function") }
    return result
  }

  /// A look at the function that has no effects.
  @inlinable public func inspect<R: Sendable>(_ body: (F) -> R) -> R {
    var result: R?
    looking { result = body($0) }
    guard let result else { fatalError("a slot lets each look at its function") }
    return result
  }

  public func readConfiguration(_ width: AccessWidth, at offset: Int) -> UInt64 {
    access { function, cycle in function.readConfiguration(width, at: offset, &cycle) }
  }

  public func writeConfiguration(_ value: UInt64, _ width: AccessWidth, at offset: Int) {
    access { function, cycle in
      let before = function.windows
      function.writeConfiguration(value, width, at: offset, &cycle)
      if function.windows != before { cycle.changes.insert(.windows) }
    }
  }

  // These are called often, or at every start. They do without `access` and `inspect`, which look for the types that they use where they
  // do not know the function's.

  public func readMemory(bar: Int, _ width: AccessWidth, at offset: Int) -> UInt64 {
    var value: UInt64 = 0
    cycling { function, cycle in value = function.read(bar: bar, width, at: offset, &cycle) }
    return value
  }

  public func writeMemory(_ value: UInt64, bar: Int, _ width: AccessWidth, at offset: Int) {
    cycling { function, cycle in function.write(value, bar: bar, width, at: offset, &cycle) }
  }

  public var windows: [PCIWindow] {
    var windows: [PCIWindow] = []
    looking { windows = $0.windows }
    return windows
  }

  public var selectors: [MemoryRange] {
    var selectors: [MemoryRange] = []
    looking { selectors = $0.selectors }
    return selectors
  }

  public var deadline: Instant? {
    var deadline: Instant?
    looking { deadline = $0.deadline }
    return deadline
  }

  public func advance() { cycling { function, cycle in function.advance(&cycle) } }

  private func ring(_ index: Int) {
    cycling { function, cycle in
      cycle.mayWait = true
      function.ring(index, &cycle)
    }
  }

  public var doorbells: [Doorbell] {
    inspect { $0.doorbells }.enumerated().map { index, address in
      Doorbell(at: address, of: placement.name) { [self] in ring(index) }
    }
  }

  public func reset() {
    access { function, cycle in
      function.reset(&cycle)
      cycle.changes.insert(.windows)
    }
  }
}
