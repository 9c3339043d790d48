/// All that a processor is between two instructions: enough to stop it on one backend and to go on with it on another.
public struct ArchitecturalState: Equatable, Sendable {
  /// What it does when it is let go.
  public enum Activity: Equatable, Sendable {
    case running
    /// HLT: until an interrupt comes.
    case halted
    /// After INIT: until a start-up message comes.
    case waitsForStartUp
  }

  /// An exception or interrupt that the processor has accepted and not yet delivered.
  public struct Event: Equatable, Sendable {
    public var vector: UInt8
    public var errorCode: UInt32?
    /// An interrupt from outside, which is no fault of the instruction at RIP.
    public var isExternal: Bool

    public init(vector: UInt8, errorCode: UInt32?, isExternal: Bool) {
      self.vector = vector
      self.errorCode = errorCode
      self.isExternal = isExternal
    }
  }

  public var registers: ProcessorState
  /// x87, MXCSR, XMM and YMM registers, as XSAVE64 writes them: `vectorSize` bytes.
  public var vectors: [UInt8]
  public var xcr0: UInt64
  /// PKRU.
  public var pageKeys: UInt32 = 0
  public var debug = DebugRegisters()
  /// The values of `modelSpecific`.
  public var modelSpecificValues: [UInt64]
  public var activity = Activity.running
  /// Interrupts wait until the next instruction is over (STI, MOV SS).
  public var isShadowed = false
  public var blocksNonMaskable = false
  /// Non-maskable interrupts that wait: two at most, one while `blocksNonMaskable`.
  public var nonMaskablesPending: UInt8 = 0
  public var event: Event?
  /// Nil where the interrupt chips are not to be looked at, or not to be changed.
  public var localAPIC: LocalAPICState?

  public static let vectorSize = 832
  /// The model-specific registers that only keep what was written: SYSENTER's, SYSCALL's, what SWAPGS exchanges, RDTSCP's
  /// number, and the page attributes.
  public static let modelSpecific: [UInt32] = [
    0x174, 0x175, 0x176, 0xC000_0081, 0xC000_0082, 0xC000_0083, 0xC000_0084, 0xC000_0102, 0xC000_0103, 0x277,
  ]

  public init(registers: ProcessorState, vectors: [UInt8], xcr0: UInt64, modelSpecificValues: [UInt64]) {
    self.registers = registers
    self.vectors = vectors
    self.xcr0 = xcr0
    self.modelSpecificValues = modelSpecificValues
  }
}

/// DR0 to DR3, DR6 and DR7.
public struct DebugRegisters: Equatable, Sendable {
  public var addresses: [UInt64] = [0, 0, 0, 0]
  public var status: UInt64 = 0xFFFF_0FF0
  public var control: UInt64 = 0x400

  public init() {}
}

/// One processor's local APIC.
public struct LocalAPICState: Equatable, Sendable {
  /// Its registers as they lie in memory, 16 bytes apart: `pageSize` bytes.
  public var page: [UInt8]
  /// IA32_APIC_BASE.
  public var base: UInt64
  /// IA32_TSC_DEADLINE.
  public var deadline: UInt64
  /// IA32_TSC, which deadlines are in.
  public var timeStamp: UInt64

  public static let pageSize = 1024

  public init(page: [UInt8], base: UInt64, deadline: UInt64, timeStamp: UInt64) {
    self.page = page
    self.base = base
    self.deadline = deadline
    self.timeStamp = timeStamp
  }
}
