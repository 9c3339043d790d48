internal import DeviceModel
import Primitives
import Synchronization
public import SystemBus

/// The eight wires PIRQA to PIRQH: a wire is high while any function on it pulls.
public final class InterruptLines: Sendable {
  private struct State: Sendable {
    /// The slots that pull each wire.
    var pulling = [UInt32](repeating: 0, count: 8)
    /// The latest change seen of each slot's pin.
    var sequence = [UInt64](repeating: 0, count: 32)
  }

  private let state = Mutex(State())
  private let backplane: any Backplane

  public init(on backplane: any Backplane) { self.backplane = backplane }

  /// Takes over a pin's level unless a later one is already known. The wire changes under the lock, because
  /// two processors' changes of a shared wire must arrive in order.
  @usableFromInline func set(_ address: FunctionAddress, of name: String, to level: Bool, sequence: UInt64) {
    let index = address.interruptIndex(pin: 0)
    state.withLock { state in
      guard sequence > state.sequence[address.slot] else { return }
      state.sequence[address.slot] = sequence
      let before = state.pulling[index] != 0
      state.pulling[index][bit: address.slot] = level
      let after = state.pulling[index] != 0
      guard after != before else { return }
      var cycle = Cycle(at: backplane.now)
      cycle.interrupt = after
      backplane.carryOut(cycle, of: Placement(name, line: Platform.firstPCILine + index))
    }
  }
}
