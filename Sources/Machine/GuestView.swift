internal import Debugger
internal import GuestRAM
internal import Host
internal import Processor
internal import Reports
internal import Synchronization

/// Where in its kernel a guest is while it runs. It is there only where somebody wants to know.
final class GuestView: Sendable {
  private let memory: GuestMemory
  private let kernel: Mutex<KernelView>
  /// Which processor a thread of the host executes.
  private let processors = Mutex<[Int32: any Processor]>([:])

  /// As many functions are named for an access.
  private static let mostCallers = 3

  init(_ memory: GuestMemory) {
    self.memory = memory
    kernel = Mutex(KernelView(memory))
  }

  /// The power is off: another kernel may come, or the same at another place. What reaches the bus is let go, which reaches us.
  func forget() {
    processors.withLock { $0 = [:] }
    kernel.withLock { $0 = KernelView(memory) }
  }

  /// The calling thread executes this processor.
  func note(_ processor: any Processor) { processors.withLock { $0[HostThread.currentNumber] = processor } }

  func place(of state: ProcessorState) -> KernelView.Place { kernel.withLock { $0.place(of: state) } }

  /// Who in the guest makes the calling thread access a device: a function, and as far as they are known its callers.
  var accessor: String? {
    guard let processor = processors.withLock({ $0[HostThread.currentNumber] }), let access = try? processor.stateInAccess() else { return nil }
    switch place(of: access.state) {
    case .unknown: return nil
    case .program: return "a program"
    case .kernel(let functions): return functions.prefix(access.isExact ? Self.mostCallers : 1).joined(separator: " < ")
    }
  }
}
