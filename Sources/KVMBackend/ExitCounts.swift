internal import CLinux
internal import Synchronization

/// How often KVM has left the guest for each reason, on all its processors.
final class ExitCounts: Sendable {
  /// What a report calls them. Kicks and signals are not the guest's.
  private static let names: [(reason: CInt, name: String)] = [
    (KVM_EXIT_IO, "port"), (KVM_EXIT_MMIO, "memory"), (KVM_EXIT_HLT, "halt"), (KVM_EXIT_SHUTDOWN, "shutdown"), (KVM_EXIT_SYSTEM_EVENT, "system-event"),
    (KVM_EXIT_IOAPIC_EOI, "end-of-interrupt"), (KVM_EXIT_DEBUG, "debug"), (KVM_EXIT_IRQ_WINDOW_OPEN, "interrupt-window"),
    (KVM_EXIT_INTERNAL_ERROR, "emulation-failure"), (KVM_EXIT_FAIL_ENTRY, "entry-failure"),
  ]

  /// By reason; those with a name are all below.
  private let counts = InlineArray<32, Atomic<Int>> { _ in Atomic(0) }

  func note(_ reason: CInt) {
    guard let reason = Int(exactly: reason), counts.indices.contains(reason) else { return }
    counts[reason].add(1, ordering: .relaxed)
  }

  /// By their names.
  var list: [(name: String, count: Int)] {
    Self.names.map { ($0.name, counts[Int($0.reason)].load(ordering: .relaxed)) }.filter { $0.1 > 0 }.sorted { $0.0 < $1.0 }
  }
}
