internal import GuestRAM
internal import KVMBackend
internal import Processor

/// Which backend runs the guest, and why.
struct AcceleratorChoice: Sendable {
  enum Kind { case kvm }
  let kind: Kind
  /// Said to the user where the choice was ours.
  let notice: String?

  init(_ wish: Configuration.Accelerator) throws(MachineError) {
    switch wish {
    case .kvm, .auto:
      kind = .kvm
      notice = nil
    case .soft:
      throw MachineError("--accel soft: this build has no software CPU yet. Run with --accel kvm.")
    }
  }

  func makeBackend(memory: GuestMemory, processors: Int, machine: Machine) throws(ProcessorError) -> any Backend {
    try KVMBackend(memory: memory, processors: processors)
  }
}
