internal import CLinux
internal import Synchronization

/// How often KVM has left the guest for each reason, on all its processors.
final class ExitCounts: Sendable {
  /// What a report calls them. Kicks and signals are not the guest's.
  private static let names: [CInt: String] = [
    KVM_EXIT_IO: "port", KVM_EXIT_MMIO: "memory", KVM_EXIT_HLT: "halt", KVM_EXIT_SHUTDOWN: "shutdown", KVM_EXIT_SYSTEM_EVENT: "system-event",
    KVM_EXIT_IOAPIC_EOI: "end-of-interrupt", KVM_EXIT_DEBUG: "debug", KVM_EXIT_IRQ_WINDOW_OPEN: "interrupt-window",
    KVM_EXIT_INTERNAL_ERROR: "emulation-failure", KVM_EXIT_FAIL_ENTRY: "entry-failure",
  ]

  private let ports = Atomic<Int>(0)
  private let others = Mutex<[CInt: Int]>([:])

  /// An access to a port is by far the most frequent.
  func notePort() { ports.add(1, ordering: .relaxed) }
  func note(_ reason: CInt) { others.withLock { $0[reason, default: 0] &+= 1 } }

  /// By their names.
  var list: [(name: String, count: Int)] {
    var counts = others.withLock { $0 }
    counts[KVM_EXIT_IO] = ports.load(ordering: .relaxed)
    return Self.names.compactMap { reason, name in counts[reason].map { (name, $0) } }.filter { $0.1 > 0 }.sorted { $0.0 < $1.0 }
  }
}
