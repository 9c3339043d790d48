import GuestRAM
import KVMBackend
import Processor
import SoftBackend
import SoftCPU
import Time

/// The ways to execute guests that these tests compare.
enum BackendKind: String, CaseIterable, Sendable {
  case kvm
  /// The kernel keeps the local APICs only.
  case splitKVM
  case soft
  /// Each block becomes code of the host at once.
  case translated

  /// Those that this host has.
  static let available = allCases.filter(\.isAvailable)
  /// Those that ring doorbells without the bus.
  static let withDoorbells = available.filter { $0 != .soft && $0 != .translated }
  /// A KVM that emulates instructions, and does not know all of them.
  static var isSoftwareKVM: Bool { if case .software = KVM.classify() { true } else { false } }

  var isAvailable: Bool {
    switch self {
    case .kvm: (try? KVM()) != nil
    case .splitKVM: (try? KVM())?.capabilities.contains { $0 == ("split-irqchip", 1) } == true
    case .soft, .translated: true
    }
  }

  /// - Parameter deadlineMoved: called when one of the backend's chips wants to be advanced earlier.
  func make(
    memory: GuestMemory, processors: Int, clock: GuestClock = GuestClock(), deadlineMoved: @escaping @Sendable () -> Void = {}
  ) throws(ProcessorError) -> any Backend {
    switch self {
    case .kvm: try KVMBackend(memory: memory, processors: processors, clock: clock, deadlineMoved: deadlineMoved)
    case .splitKVM: try KVMBackend(memory: memory, processors: processors, splitsChips: true, clock: clock, deadlineMoved: deadlineMoved)
    case .soft: try SoftBackend(memory: memory, processors: processors, clock: clock, translation: .never, deadlineMoved: deadlineMoved)
    case .translated: try SoftBackend(memory: memory, processors: processors, clock: clock, translation: .always, deadlineMoved: deadlineMoved)
    }
  }
}
