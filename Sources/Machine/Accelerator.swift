internal import GuestRAM
internal import Host
internal import KVMBackend
internal import Processor
internal import SoftBackend
internal import SoftCPU
internal import Synchronization

/// What runs the guest of a machine.
public final class Accelerator: Sendable {
  let choice: AcceleratorChoice
  private let opened: Mutex<KVM?>

  public init(_ configuration: Configuration) {
    var found: KVM?
    choice = AcceleratorChoice(configuration.usableAccelerator) {
      let (kind, kvm) = KVM.look()
      found = kvm
      return kind
    }
    opened = Mutex(choice.kind == .kvm ? found : nil)
  }

  /// /dev/kvm, where that is what runs the guest.
  func kvm() throws(ProcessorError) -> KVM? {
    guard choice.kind == .kvm else { return nil }
    return try opened.made { () throws(ProcessorError) in try KVM() }
  }

  /// Whether it pays to call `prepare` while another thread makes the machine.
  public var takesTime: Bool { choice.kind == .kvm }
  /// Does what needs no machine and takes time.
  public func prepare() { try? kvm()?.prepare() }
}

/// Which backend runs the guest, and why.
struct AcceleratorChoice: Sendable {
  enum Kind { case kvm, soft, interpreter, lockstep }
  let kind: Kind

  /// As `--accel` has it.
  var name: String {
    let wish: Configuration.Accelerator =
      switch kind {
      case .kvm: .kvm
      case .soft: .soft
      case .interpreter: .softInterpreter
      case .lockstep: .softLockstep
      }
    return wish.rawValue
  }

  /// Said to the user where the choice was ours and costs something.
  let notice: String?

  /// A wish for KVM is never answered with anything else; `auto` says why it is not KVM.
  init(_ wish: Configuration.Accelerator, host: () -> KVMKind) {
    (kind, notice) =
      switch wish {
      case .kvm: (.kvm, nil)
      case .soft: (.soft, SoftBackend.hostAllowsTranslation ? nil : "This host forbids executable memory: code is interpreted, which is slower.")
      case .softInterpreter: (.interpreter, nil)
      case .softLockstep: (.lockstep, nil)
      case .auto: Self.choose(host())
      }
  }

  private static func choose(_ host: KVMKind) -> (Kind, String?) {
    switch host {
    case .hardware: (.kvm, nil)
    case .software(let sign):
      (.soft, "KVM on this host is itself software (\(sign)) and slower: running on the software CPU. --accel kvm insists.")
    case .unusable(let code):
      (.soft, "\(KVM.problem(open: code)): running on the software CPU.\(KVM.remedy(open: code).map { " \($0) to be faster." } ?? "")")
    }
  }

  /// - Parameter resources: with /dev/kvm, where that is what runs the guest.
  func makeBackend(_ wishes: Configuration, _ resources: Resources, entropy: Entropy, on chassis: Chassis) throws(ProcessorError) -> any Backend {
    let processors = wishes.processors
    return switch kind {
    case .kvm:
      try KVMBackend(
        on: resources.kvm, memory: resources.memory, processors: processors,
        splitsChips: wishes.chips(onKernel: Caller.kernelRelease) == .split, clock: chassis.clock, deadlineMoved: { [weak chassis] in chassis?.reschedule() },
        whenHandedOver: { [tracer = chassis.tracer] in tracer?.handOver($0) })
    case .soft, .interpreter, .lockstep:
      try SoftBackend(
        memory: resources.memory, processors: processors, clock: chassis.clock,
        random: { entropy.next() }, translation: kind == .soft ? .hot : kind == .lockstep ? .lockstep : .never,
        countsCode: wishes.coverage != nil,
        deadlineMoved: { [weak chassis] in chassis?.reschedule() })
    }
  }
}
