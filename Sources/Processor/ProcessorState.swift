/// A segment register with its hidden part.
public struct SegmentState: Equatable, Sendable {
  public var selector: UInt16
  public var base: UInt64
  public var limit: UInt32
  /// Bits 8 to 23 of the descriptor's high word, as VMX's access rights: type 0-3, S 4, DPL 5-6, P 7,
  /// AVL 12, L 13, D/B 14, G 15, unusable 16.
  public var attributes: UInt32

  public init(selector: UInt16, base: UInt64, limit: UInt32, attributes: UInt32) {
    self.selector = selector
    self.base = base
    self.limit = limit
    self.attributes = attributes
  }

  public static func realMode(_ selector: UInt16) -> SegmentState {
    SegmentState(selector: selector, base: UInt64(selector) << 4, limit: 0xFFFF, attributes: 0x93)
  }
  public static let flatCode32 = SegmentState(selector: 0x10, base: 0, limit: 0xFFFF_FFFF, attributes: 0xC09B)
  public static let flatCode64 = SegmentState(selector: 0x10, base: 0, limit: 0xFFFF_FFFF, attributes: 0xA09B)
  public static let flatData = SegmentState(selector: 0x18, base: 0, limit: 0xFFFF_FFFF, attributes: 0xC093)
}

/// A descriptor-table register.
public struct TableState: Equatable, Sendable {
  public var base: UInt64
  public var limit: UInt16
  public init(base: UInt64, limit: UInt16) {
    self.base = base
    self.limit = limit
  }
}

/// The registers of a processor that everybody needs: enough to start it and to inspect it. `ArchitecturalState` is the
/// whole of it.
public struct ProcessorState: Equatable, Sendable {
  /// rax rcx rdx rbx rsp rbp rsi rdi r8 … r15, in encoding order.
  public var registers: [UInt64]
  public var rip: UInt64
  public var rflags: UInt64
  public var cs: SegmentState
  public var ds: SegmentState
  public var es: SegmentState
  public var fs: SegmentState
  public var gs: SegmentState
  public var ss: SegmentState
  public var task: SegmentState
  public var localTable: SegmentState
  public var globalTable: TableState
  public var interruptTable: TableState
  public var cr0: UInt64
  public var cr2: UInt64
  public var cr3: UInt64
  public var cr4: UInt64
  public var cr8: UInt64
  public var efer: UInt64

  public init(
    registers: [UInt64], rip: UInt64, rflags: UInt64, cs: SegmentState, ds: SegmentState, es: SegmentState,
    fs: SegmentState, gs: SegmentState, ss: SegmentState, task: SegmentState, localTable: SegmentState,
    globalTable: TableState, interruptTable: TableState, cr0: UInt64, cr2: UInt64, cr3: UInt64, cr4: UInt64,
    cr8: UInt64, efer: UInt64
  ) {
    precondition(registers.count == 16, "there are sixteen general registers")
    self.registers = registers
    self.rip = rip
    self.rflags = rflags
    self.cs = cs
    self.ds = ds
    self.es = es
    self.fs = fs
    self.gs = gs
    self.ss = ss
    self.task = task
    self.localTable = localTable
    self.globalTable = globalTable
    self.interruptTable = interruptTable
    self.cr0 = cr0
    self.cr2 = cr2
    self.cr3 = cr3
    self.cr4 = cr4
    self.cr8 = cr8
    self.efer = efer
  }

  public enum Register: Int, Sendable { case rax, rcx, rdx, rbx, rsp, rbp, rsi, rdi }
  public subscript(_ register: Register) -> UInt64 {
    get { registers[register.rawValue] }
    set { registers[register.rawValue] = newValue }
  }

  /// As the reset line leaves a processor: real mode, next instruction at FFFF_FFF0.
  public static let reset = ProcessorState(
    registers: [0, 0, 0x600] + [UInt64](repeating: 0, count: 13), rip: 0xFFF0, rflags: 2,
    cs: SegmentState(selector: 0xF000, base: 0xFFFF_0000, limit: 0xFFFF, attributes: 0x9B),
    ds: .realMode(0), es: .realMode(0), fs: .realMode(0), gs: .realMode(0), ss: .realMode(0),
    task: SegmentState(selector: 0, base: 0, limit: 0xFFFF, attributes: 0x8B),
    localTable: SegmentState(selector: 0, base: 0, limit: 0xFFFF, attributes: 0x82),
    globalTable: TableState(base: 0, limit: 0xFFFF), interruptTable: TableState(base: 0, limit: 0xFFFF),
    cr0: 0x6000_0010, cr2: 0, cr3: 0, cr4: 0, cr8: 0, efer: 0)

  /// Whether this may be a processor after its reset, in what no maker's differs.
  public var isAsAfterReset: Bool {
    let reset = Self.reset
    return rip == reset.rip && cs.selector == reset.cs.selector && cs.base == reset.cs.base && efer == 0
      && cr0 & 0x8000_0001 == 0 && interruptTable == reset.interruptTable
  }
}
