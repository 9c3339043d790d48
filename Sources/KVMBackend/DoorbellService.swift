internal import CLinux
internal import DeviceModel
internal import Glibc
internal import Host
internal import Primitives
import Synchronization

/// Rings one device's doorbells for the guest: the kernel counts its writes while the processor runs on, and a thread passes them on.
final class DoorbellService: Sendable {
  /// A doorbell and what the kernel counts its writes in.
  private final class Line: Sendable {
    let bell: Doorbell
    let count: Descriptor

    init(_ bell: Doorbell) throws(SystemError) {
      self.bell = bell
      count = try Descriptor.event()
    }

    func ringIfWritten() { if count.takeCount() > 0 { bell.ring() } }
  }

  private struct State: Sendable {
    var lines: [GuestAddress: Line] = [:]
    var counters: EventCounters?
    var thread: HostThread?
    var isStopped = false
  }

  private let vm: Int32
  private let width: UInt32
  private let owner: String
  /// Held while a bell rings, so that none rings once it is taken away.
  private let state = Mutex(State())

  /// - Parameter width: of the writes that the kernel watches for, zero for all. The others reach the bus.
  init(_ vm: Int32, width: UInt32, for owner: String) { (self.vm, self.width, self.owner) = (vm, width, owner) }

  /// Takes away the bells that are not where one of these is. What the kernel watches for one device it watches for no other: all
  /// devices let go before one of them adds any.
  func keep(_ bells: [Doorbell]) {
    let wanted = Set(bells.map(\.address))
    state.withLock { state in
      for (address, line) in state.lines where !wanted.contains(address) {
        register(line, linux_KVM_IOEVENTFD_FLAG_DEASSIGN)
        state.counters?.forget(line.count)
        state.lines[address] = nil
        // The guest wrote before it moved the bell.
        line.ringIfWritten()
      }
    }
  }

  /// Adds those of these bells that are new. One that cannot be had stays a write on the bus.
  func add(_ bells: [Doorbell]) {
    state.withLock { state in
      for bell in bells where state.lines[bell.address] == nil {
        guard let counters = start(&state), let line = try? Line(bell), register(line, 0) else { continue }
        guard (try? counters.watch(line.count, as: bell.address.value)) != nil else {
          register(line, linux_KVM_IOEVENTFD_FLAG_DEASSIGN)
          continue
        }
        state.lines[bell.address] = line
      }
    }
  }

  @discardableResult
  private func register(_ line: Line, _ flags: UInt32) -> Bool {
    var watch = kvm_ioeventfd()
    watch.addr = line.bell.address.value
    watch.len = width
    watch.fd = line.count.number
    watch.flags = flags
    return unsafe linux_ioctl_pointer(vm, linux_KVM_IOEVENTFD, &watch) == 0
  }

  // MARK: The thread

  /// What the thread waits for; both exist from the first bell on.
  private func start(_ state: inout State) -> EventCounters? {
    if let counters = state.counters { return counters }
    guard !state.isStopped, let counters = try? EventCounters() else { return nil }
    guard let thread = try? HostThread(name: owner, { [self] in pass(counters) }) else { return nil }
    (state.counters, state.thread) = (counters, thread)
    return counters
  }

  private func pass(_ counters: EventCounters) {
    while !state.withLock({ $0.isStopped }) {
      do throws(SystemError) {
        guard let address = try counters.wait() else { continue }
        state.withLock { $0.lines[GuestAddress(address)]?.ringIfWritten() }
      } catch { return }
    }
  }

  /// Ends the thread. Not to be called by a bell.
  func stop() {
    let thread = state.withLock { state in
      state.isStopped = true
      state.counters?.wake()
      return state.thread
    }
    thread?.join()
  }
}
