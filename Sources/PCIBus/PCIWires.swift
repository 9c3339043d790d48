internal import DeviceModel
public import PCI
import Primitives
import Synchronization
public import SystemBus

/// A new level of a function's pin, and how many changes there were before.
@usableFromInline struct PinChange: Sendable {
  @usableFromInline let level: Bool
  @usableFromInline let number: UInt64
}

/// What the functions of PCI share: the wires of their interrupts, and the map of their windows.
///
/// There are eight wires, PIRQA to PIRQH: a wire is high while any function on it pulls. Each leads to its own pin of the
/// I/O APIC, and to a legacy line where firmware routes it to one.
public final class PCIWires: Sendable {
  private struct State: Sendable {
    /// The slots that pull each of the eight wires.
    var pulling = [8 of UInt32](repeating: 0)
    /// The latest change seen of the pin of each of the 32 slots.
    var sequence = [32 of UInt64](repeating: 0)
    /// Where each wire leads besides; nil for nowhere. Empty until somebody says so.
    var routes: [Int?] = []
    /// The legacy lines that are high because of a wire.
    var legacy: Set<Int> = []
  }

  private struct Windows: Sendable {
    /// Those of the lowest function first.
    private var places: [(range: MemoryRange, owner: WindowOwner)] = []
    private var made: WindowMap<WindowOwner>?

    mutating func move(of function: FunctionAddress, to windows: [PCIWindow]) {
      places.removeAll { $0.owner.function == function }
      let place = places.firstIndex { function < $0.owner.function } ?? places.count
      places.insert(contentsOf: windows.map { ($0.range, WindowOwner(function: function, bar: $0.bar)) }, at: place)
      made = nil
    }

    /// Made when somebody looks: whoever places windows places many.
    mutating func map() -> WindowMap<WindowOwner> {
      if let made { return made }
      let map = WindowMap(places)
      made = map
      return map
    }
  }

  private let windows = Mutex(Windows())
  private let state = Mutex(State())
  private let backplane: any Backplane

  public init(on backplane: any Backplane) { self.backplane = backplane }

  /// Takes over a pin's level unless a later one is already known. The wire changes under the lock, because
  /// two processors' changes of a shared wire must arrive in order.
  @usableFromInline func set(_ address: FunctionAddress, of name: String, to pin: PinChange) {
    let index = address.interruptIndex(pin: 0)
    state.withLock { state in
      guard pin.number > state.sequence[address.slot] else { return }
      state.sequence[address.slot] = pin.number
      let before = state.pulling[index] != 0
      state.pulling[index][bit: address.slot] = pin.level
      let after = state.pulling[index] != 0
      guard after != before else { return }
      drive(Platform.firstPCILine + index, to: after, for: name)
      driveLegacyLines(&state, for: name)
    }
  }

  /// The wires' routes may have changed. `routes` is asked under the lock, so that the latest answer counts.
  func reroute(_ routes: () -> [Int?], for name: String) {
    state.withLock { state in
      state.routes = routes()
      driveLegacyLines(&state, for: name)
    }
  }

  private func driveLegacyLines(_ state: inout State, for name: String) {
    let high = Set(state.routes.indices.filter { state.pulling[$0] != 0 }.compactMap { state.routes[$0] })
    for line in state.legacy.symmetricDifference(high).sorted() { drive(line, to: high.contains(line), for: name) }
    state.legacy = high
  }

  private func drive(_ line: Int, to level: Bool, for name: String) {
    var cycle = Cycle(at: backplane.now)
    cycle.interrupt = level
    backplane.carryOut(cycle, of: Placement(name, line: line))
  }

  // MARK: Windows

  /// Whose window is at an address, and where in it.
  func find(_ address: GuestAddress, count: Int) -> (owner: WindowOwner, offset: Int)? {
    windows.withLock { $0.map().find(address, count: count) }
  }

  /// A function's windows may have moved. `places` is asked under the lock, so that the latest answer counts.
  @usableFromInline func moveWindows(of function: FunctionAddress, _ places: () -> [PCIWindow]) {
    windows.withLock { $0.move(of: function, to: places()) }
  }
}

/// A window by its function and its number there.
struct WindowOwner: Sendable {
  let function: FunctionAddress
  let bar: Int
}
