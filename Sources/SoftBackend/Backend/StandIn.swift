public import GuestRAM
internal import Primitives
public import Processor
internal import Synchronization
public import SystemBus

/// Executes single instructions on behalf of an accelerator that fails them. Used by one thread.
public final class StandIn: Sendable {
  /// What instructions use beyond `ProcessorState`.
  public struct Extra: Equatable, Sendable {
    /// x87, MXCSR, XMM and YMM registers, as XSAVE64 writes them.
    public var vectors: [UInt8]
    public var xcr0: UInt64
    /// The values of `modelSpecific`.
    public var registers: [UInt64]
    /// Interrupts wait until the next instruction is over (STI, MOV SS).
    public var isShadowed: Bool
    public var blocksNonMaskable: Bool

    public init(vectors: [UInt8], xcr0: UInt64, registers: [UInt64], isShadowed: Bool, blocksNonMaskable: Bool) {
      self.vectors = vectors
      self.xcr0 = xcr0
      self.registers = registers
      self.isShadowed = isShadowed
      self.blocksNonMaskable = blocksNonMaskable
    }
  }

  public enum Ending: Equatable, Sendable {
    /// The instruction with this name was executed, or raised its exception.
    case done(String)
    /// A triple fault.
    case shutdown
    /// Not an instruction for us, or one that got nowhere.
    case refused
  }

  public static let vectorSize = Core.upperOffset + Core.upperSize
  private static let registerSize = 416
  /// XSTATE_BV in the header of `Extra.vectors`.
  private static let header = 512
  private static let upperHalves: UInt8 = 4
  private static let upperHalvesOf512: UInt8 = 0x40
  /// SYSENTER's and SYSCALL's registers, and what SWAPGS exchanges.
  public static let modelSpecific: [UInt32] = [
    0x174, 0x175, 0x176, 0xC000_0081, 0xC000_0082, 0xC000_0083, 0xC000_0084, 0xC000_0102,
  ]
  private static let fields: [Core.Field] = [
    .sysenterCS, .sysenterSP, .sysenterIP, .star, .lstar, .cstar, .sfmask, .kernelGSBase,
  ]

  private let backend: SoftBackend
  private let processor: SoftProcessor
  private let tally: InstructionTally
  private let windows = Mutex<[MemoryWindow]>([])
  private let chips = [
    ForeignChips("I/O APIC", Platform.ioAPIC),
    ForeignChips("local APIC", Platform.localAPIC),
  ]

  public init(memory: GuestMemory, tally: InstructionTally) throws(ProcessorError) {
    backend = SoftBackend(memory: memory)
    processor = try SoftProcessor(0, backend)
    self.tally = tally
  }

  /// Executes the instruction at RIP; where it cannot, the state is as it was.
  public func execute(_ state: inout ProcessorState, _ extra: inout Extra, on bus: SystemBus) throws(ProcessorError) -> Ending {
    let core = processor.core
    // Five levels of page tables are nothing that this processor walks.
    guard state.cr4 & 1 << 12 == 0, extra.vectors.count == Self.vectorSize, extra.registers.count == Self.fields.count else {
      return .refused
    }
    try followMemoryMap()
    processor.bus = bus
    for chip in chips { try? processor.bus.add(chip) }
    processor.refreshMap()
    try processor.setState(state)
    core[.apicPage] = .max
    take(extra, at: state.rip)
    core[.attention] = 0
    core[.pending] = 0
    var name = ""
    do throws(Fault) {
      let instruction = try core.decodeNext()
      guard Self.isOurs(instruction, extra) else { return .refused }
      name = InstructionTally.name(instruction)
      do throws(Fault) {
        if core[.systemFlags] & Flags.tf == 0 { try core.execute(instruction, goingOn: false) } else { try core.trace() }
      } catch {
        // What this processor does not have either is the accelerator's failure, and not the guest's.
        if error == .undefined { return .refused }
        try core.deliver(error)
      }
    } catch {
      guard error == .shutdown else { return .refused }
      state = try processor.state()
      return .shutdown
    }
    if chips.contains(where: { $0.wasTouched() }) { return .refused }
    let before = (state, extra)
    state = try processor.state()
    extra = result(extra)
    if before.0 == state, before.1 == extra { return .refused }
    tally.count(name)
    return .done(name)
  }

  /// The guest may have changed its windows of memory since the last time.
  private func followMemoryMap() throws(ProcessorError) {
    let present = backend.memory.windows
    let isNew = windows.withLock { old in
      defer { old = present }
      return old != present
    }
    if isNew { try backend.memoryMapChanged() }
  }

  private func take(_ extra: Extra, at rip: UInt64) {
    let core = processor.core
    for offset in 0..<Self.registerSize { core.store(extra.vectors[offset], at: Core.vectorState + offset) }
    let hasUpper = extra.vectors[Self.header] & Self.upperHalves != 0
    for offset in 0..<Core.upperSize {
      core.store(hasUpper ? extra.vectors[Core.upperOffset + offset] : 0, at: Core.upperHalves + offset)
    }
    core[.xcr0] = extra.xcr0
    for (field, value) in zip(Self.fields, extra.registers) { core[field] = value }
    core[.shadow] = extra.isShadowed ? rip : .max
    core[.inNonMaskable] = extra.blocksNonMaskable ? 1 : 0
  }

  private func result(_ old: Extra) -> Extra {
    let core = processor.core
    var vectors = old.vectors
    for offset in 0..<Self.registerSize { vectors[offset] = core.load(Core.vectorState + offset) }
    // x87 and SSE are told to be in use even if only their places show it.
    if vectors[..<Self.registerSize] != old.vectors[..<Self.registerSize] { vectors[Self.header] |= 3 }
    let upper: [UInt8] = (0..<Core.upperSize).map { core.load(Core.upperHalves + $0) }
    if vectors[Self.header] & Self.upperHalves != 0 || upper.contains(where: { $0 != 0 }) {
      vectors.replaceSubrange(Core.upperOffset..., with: upper)
      vectors[Self.header] |= Self.upperHalves
    }
    return Extra(
      vectors: vectors, xcr0: old.xcr0,
      registers: Self.fields.map { core[$0] }, isShadowed: core[.shadow] == core[.rip],
      blocksNonMaskable: core[.inNonMaskable] != 0)
  }

  /// Ports, time, identity and translations are the accelerator's own; so is state that only it knows.
  private static func isOurs(_ i: Instruction, _ extra: Extra) -> Bool {
    switch i.operation {
    case .input, .output, .inputString, .outputString, .halt, .cpuid, .rdtsc, .rdtscp, .rdmsr, .wrmsr, .rdpmc, .rdpid,
      .moveFromDebug, .moveToDebug, .invlpg, .invpcid, .hypercall, .xsetbv, .undefined:
      return false
    case .vector where i.map == 1 && i.isMemory && (i.opcode == 0xAE && (4...6).contains(i.extension3) || i.opcode == 0xC7):
      return extra.xcr0 & ~Core.extendedComponents == 0
    // VEX also clears the rest of 512-bit registers, which are not here.
    case .vector, .hosted, .hostedFloat, .hostedRarely:
      return !i.prefixes.contains(.vex) || i.prefixes.contains(.writes) || extra.vectors[header] & upperHalvesOf512 == 0
    default: return true
    }
  }
}
