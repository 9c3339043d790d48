import GuestRAM
import KVMBackend
import Processor
import SoftBackend

/// The ways to execute guests that these tests compare.
enum BackendKind: String, CaseIterable, Sendable {
  case kvm
  case soft

  /// Those that this host has.
  static let available = allCases.filter(\.isAvailable)
  /// Those that ring doorbells without the bus.
  static let withDoorbells = available.filter { $0 == .kvm }
  /// A KVM that emulates instructions, and does not know all of them.
  static var isSoftwareKVM: Bool { if case .software = KVM.classify() { true } else { false } }

  var isAvailable: Bool {
    switch self {
    case .kvm: (try? KVM()) != nil
    case .soft: true
    }
  }

  func make(memory: GuestMemory, processors: Int) throws(ProcessorError) -> any Backend {
    switch self {
    case .kvm: try KVMBackend(memory: memory, processors: processors)
    case .soft: SoftBackend(memory: memory, processors: processors)
    }
  }
}
