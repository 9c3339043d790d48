public import GuestRAM
internal import Primitives
public import Processor
internal import Synchronization
public import SystemBus

/// Executes single instructions on behalf of an accelerator that fails them. Used by one thread.
public final class StandIn: Sendable {
  public enum Ending: Equatable, Sendable {
    /// The instruction with this name was executed, or raised its exception.
    case done(String)
    /// A triple fault.
    case shutdown
    /// Not an instruction for us, or one that got nowhere.
    case refused
  }

  /// XSTATE_BV in the header of `ArchitecturalState.vectors`, and its bit for the upper halves of 512-bit registers.
  private static let header = 512
  private static let upperHalvesOf512: UInt8 = 0x40

  private let memory: SharedMemory
  private let context: CoreContext
  private let tally: InstructionTally
  private let windows = Mutex<[MemoryWindow]>([])
  private let chips = [
    ForeignChips("I/O APIC", Platform.ioAPIC),
    ForeignChips("local APIC", Platform.localAPIC),
  ]

  public init(memory: GuestMemory, tally: InstructionTally) throws(ProcessorError) {
    let environment = try CoreEnvironment(memory: memory)
    self.memory = environment.memory
    context = try CoreContext(environment)
    self.tally = tally
  }

  /// Executes the instruction at RIP; where it cannot, the state is as it was.
  public func execute(_ state: inout ArchitecturalState, on bus: SystemBus) throws(ProcessorError) -> Ending {
    let core = context.core
    // Five levels of page tables are nothing that this processor walks.
    guard state.registers.cr4 & CR4.fiveLevels == 0 else { return .refused }
    followMemoryMap()
    context.bus = bus
    for chip in chips { try? context.bus.add(chip) }
    context.refreshMap()
    try context.setInstructionState(state)
    core[.apicPage] = .max
    core[.attention] = 0
    core[.pending] = 0
    var name = ""
    do throws(TripleFault) {
      guard let instruction = try? core.decodeNext(), Self.isOurs(instruction, state) else { return .refused }
      name = InstructionTally.name(instruction)
      do throws(Fault) {
        if core[.systemFlags] & Flags.tf == 0 { try core.execute(instruction, goingOn: false) } else { try core.stepExactly() }
        try core.raiseDebugReasons()
      } catch {
        // What this processor does not have either is the accelerator's failure, and not the guest's.
        if error == .undefined { return .refused }
        try core.deliver(error)
      }
    } catch {
      state.registers = context.state()
      return .shutdown
    }
    if chips.contains(where: { $0.wasTouched() }) { return .refused }
    let after = result(state)
    if after == state { return .refused }
    state = after
    tally.count(name)
    return .done(name)
  }

  /// The guest may have changed its windows of memory since the last time.
  private func followMemoryMap() {
    let present = memory.ram.windows
    let isNew = windows.withLock { old in
      defer { old = present }
      return old != present
    }
    if isNew { memory.noteChange() }
  }

  /// What the instruction made of a state; what this processor does not have is as it was.
  private func result(_ old: ArchitecturalState) -> ArchitecturalState {
    var new = old
    let ours = context.instructionState()
    (new.registers, new.modelSpecificValues, new.debug) = (ours.registers, ours.modelSpecificValues, ours.debug)
    new.pageKeys = ours.pageKeys
    (new.isShadowed, new.blocksNonMaskable) = (ours.isShadowed, ours.blocksNonMaskable)
    new.vectors = ours.vectors
    new.vectors[Self.header] |= old.vectors[Self.header] & ~7
    return new
  }

  /// Ports, time, identity and translations are the accelerator's own; so is state that only it knows.
  private static func isOurs(_ i: Instruction, _ state: ArchitecturalState) -> Bool {
    switch i.operation {
    case .input, .inputDX, .output, .outputDX, .inputString, .outputString, .halt, .cpuid, .rdtsc, .rdtscp, .rdmsr, .wrmsr, .rdpmc, .rdpid,
      .moveFromDebug, .moveToDebug, .invlpg, .invpcid, .hypercall, .xsetbv, .undefined:
      return false
    case .xsave, .xsaveopt, .xsavec, .xrstor:
      // Components that the processor has elsewhere in its areas than ours does are not ours to save.
      return state.xcr0 & ~ExtendedArea.vectors == 0
    // VEX also clears the rest of 512-bit registers, which are not here.
    case .hosted, .hostedFloat, .hostedRarely, .maskmovq, .maskmovdqu, .vmaskmovdqu, .vzeroupper, .vzeroall, .vmaskmovLoad,
      .vmaskmovStore, .vgatherd, .vgatherq, .vldmxcsr, .vstmxcsr:
      return !i.prefixes.contains(.vex) || i.prefixes.contains(.writes) || state.vectors[header] & upperHalvesOf512 == 0
    default: return true
    }
  }
}
