/// One processor core: all its state in one raw, page-aligned block at fixed offsets.
///
/// The value is only the block's address, so that it is passed in a register, and nothing in the run loop
/// is counted, locked or checked for exclusivity.
@safe struct Core: @unchecked Sendable {
  let base: UnsafeMutableRawPointer

  static let size = TranslatedState.size

  /// 64-bit words of the block, by offset. The general registers come first, in encoding order.
  enum Field: Int {
    case rax = 0, rcx = 8, rdx = 16, rbx = 24, rsp = 32, rbp = 40, rsi = 48, rdi = 56
    case r8 = 64, r11 = 88
    /// Always zero: the base or index that an address does not have.
    case zero = 128
    case rip = 136
    /// Zero exactly when ZF is set.
    case zeroResult = 144
    /// Bit 63 is SF; the low byte's parity is PF.
    case signResult = 152
    /// Bit 63 is CF; bit 63 differs from bit 62 exactly when OF is set.
    case carries = 160
    /// Bit 4 is AF.
    case adjust = 168
    /// RFLAGS without the six arithmetic flags.
    case systemFlags = 176
    /// Not zero: look up from the loop (interrupt, kick, stale code). Other threads set it.
    case attention = 184
    /// Offsets of the translation tables for the present privilege.
    case readTable = 192, writeTable = 200, executeTable = 512
    case mode = 208
    case currentBlock = 216
    /// Counts what may lead addresses of code elsewhere: changes of translations and of the code segment.
    case epoch = 240
    /// Interrupts wait until this RIP's instruction is over (STI, MOV SS); all ones if none.
    case shadow = 224
    case environment = 232
    case cr0 = 256, cr2 = 264, cr3 = 272, cr4 = 280, efer = 296, xcr0 = 304
    case star = 312, lstar = 320, cstar = 328, sfmask = 336, kernelGSBase = 344, tscAux = 352
    case sysenterCS = 360, sysenterSP = 368, sysenterIP = 376, pat = 384, apicPage = 392
    case arenaNext = 408, arenaEnd = 416, inDelivery = 424
    case dr0 = 432, dr1 = 440, dr2 = 448, dr3 = 456, dr6 = 464, dr7 = 472
    case marks = 520, versions = 528, tsc = 536, pending = 544
    /// An interrupt waits for the interrupt flag, or for the end of a non-maskable one.
    case deferred = 552, inNonMaskable = 560
    /// The largest window of RAM: physical address, size, place on the host, and offset in RAM.
    case ramFirst = 576, ramSize = 584, ramHost = 592, ramOffset = 600
    /// The linear addresses among which all translations of large pages are.
    case largeFirst = 248, largeLast = 288
    /// Reasons for #DB, as bits of DR6, that wait for the end of this instruction or of one that MOV SS protects.
    case debugReasons = 400
    /// MOV SS and POP SS hold traps back until this RIP's instruction is over; all ones if none.
    case trapShadow = 608
    /// For each key of user pages two bits: no access, no writes.
    case pkru = 624
    /// Not zero: a debugger watches data, or the guest itself does.
    case watching = 568
    case halted = 480, kvmClock = 488, kvmWallClock = 496, miscEnable = 504
  }

  static let segments = 0x280
  /// An FXSAVE image: x87, MXCSR and the 16 XMM registers.
  static let vectorState = 0x400
  /// Upper halves of the 16 YMM registers.
  static let upperHalves = 0x600
  static let translations = 0x10_0000
  /// The block cache: 65536 addresses of blocks.
  static let blocks = 0x5_0000

  @inline(__always) func load<T: BitwiseCopyable>(_ offset: Int, as type: T.Type = T.self) -> T {
    unsafe base.loadUnaligned(fromByteOffset: offset, as: type)
  }
  @inline(__always) func store<T: BitwiseCopyable>(_ value: T, at offset: Int) {
    unsafe base.storeBytes(of: value, toByteOffset: offset, as: T.self)
  }
  @inline(__always) subscript(_ field: Field) -> UInt64 {
    get { load(field.rawValue) }
    nonmutating set { store(newValue, at: field.rawValue) }
  }

  /// A whole general register by number.
  @inline(__always) subscript(register number: Int) -> UInt64 {
    get { load(number &* 8) }
    nonmutating set { store(newValue, at: number &* 8) }
  }
}

extension Core {
  /// A register operand by its byte offset in the block (AH to BH are odd offsets).
  @inline(__always) func get<T: RegisterWidth>(_ offset: UInt8, _: T.Type = T.self) -> T { load(Int(offset)) }

  /// Writes a register operand; 32-bit writes clear the upper half, narrower ones keep it.
  @inline(__always) func set<T: RegisterWidth>(_ offset: UInt8, _ value: T) {
    if T.bitWidth == 32 { store(UInt64(truncatingIfNeeded: value), at: Int(offset)) } else { store(value, at: Int(offset)) }
  }

  var cpl: UInt8 { UInt8(truncatingIfNeeded: self[.mode] & 3) }
  var is64Bit: Bool { self[.mode] & Mode.long64 != 0 }
  var isProtected: Bool { self[.cr0] & 1 != 0 }
  var isVirtual8086: Bool { self[.systemFlags] & Flags.vm != 0 && isProtected }
  /// Long mode is active, with 64-bit or compatibility code.
  var isLong: Bool { self[.efer] & 0x400 != 0 }
}

/// What decoding depends on, as bits of the mode word; the low two bits are the privilege level.
enum Mode {
  static let long64: UInt64 = 4
  static let code32: UInt64 = 8
  static let stack32: UInt64 = 16
  /// ES, SS and DS are all of 32-bit memory, readable and writable: there is nothing to check or to add.
  static let flat: UInt64 = 32
  /// The system lets AVX be used, too.
  static let wideVectors: UInt64 = 1 << 10
  /// CS is all of 32-bit memory.
  static let flatCode: UInt64 = 1 << 9
  /// The number of the set of translation tables in use.
  static let translations: UInt64 = 3 << translationsShift
  static let translationsShift: UInt64 = 6
  /// The system lets SSE be used.
  static let vectors: UInt64 = 1 << 8

  /// Whether code of a mode may have host code: of rings 0 and 3, 64-bit, or 32-bit with flat segments.
  static func isTranslatable(_ mode: UInt64) -> Bool {
    let flat32 = code32 | stack32 | flat | flatCode
    return (mode & long64 != 0 || mode & flat32 == flat32) && (mode & 3 == 0 || mode & 3 == 3)
  }
}

/// Bits of RFLAGS.
enum Flags {
  static let cf: UInt64 = 1
  static let pf: UInt64 = 4
  static let af: UInt64 = 0x10
  static let zf: UInt64 = 0x40
  static let sf: UInt64 = 0x80
  static let tf: UInt64 = 0x100
  static let interrupts: UInt64 = 0x200
  static let df: UInt64 = 0x400
  static let of: UInt64 = 0x800
  static let iopl: UInt64 = 0x3000
  static let nt: UInt64 = 0x4000
  static let rf: UInt64 = 0x1_0000
  static let vm: UInt64 = 0x2_0000
  static let ac: UInt64 = 0x4_0000
  static let id: UInt64 = 0x20_0000
  static let arithmetic: UInt64 = 0x8D5
}
