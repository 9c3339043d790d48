/// A core's block: four regions, one behind the other.
enum CoreLayout {
  /// All that the processor is, but for registers on which nothing here depends (`PlainRegisters`), its time-stamp counter
  /// and its local APIC. A core with another's first region goes on as that one would.
  static let state = 0..<0x700
  /// What the core works with: places on the host, which tables are in use, what it is asked for.
  static let control = state.upperBound..<0x800
  /// Working space for one instruction: the decoder's, that of host code, and that of translated code.
  static let scratch = control.upperBound..<0x1000
  /// What can be made anew: the soft TLB, the places of decoded blocks, what translated code looks up.
  static let caches = scratch.upperBound..<TranslatedState.size

  /// The bytes of the instruction that is being decoded.
  static let instructionBytes = 0xF00
}

extension Core {
  static let size = CoreLayout.caches.upperBound

  /// 64-bit words of the first two regions, by offset. Translated code reaches them, too.
  enum Field: Int, CaseIterable {
    // The state. The general registers come first, in encoding order.
    case rax = 0, rcx = 8, rdx = 16, rbx = 24, rsp = 32, rbp = 40, rsi = 48, rdi = 56
    case r8 = 64, r9 = 72, r10 = 80, r11 = 88, r12 = 96, r13 = 104, r14 = 112, r15 = 120
    /// A register that is always zero: the base or index that an address does not have.
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
    /// Interrupts wait until this RIP's instruction is over (STI, MOV SS); all ones if none.
    case shadow = 184
    /// MOV SS and POP SS hold traps back until this RIP's instruction is over; all ones if none.
    case trapShadow = 192
    /// Reasons for #DB, as bits of DR6, that wait for the end of this instruction or of one that MOV SS protects.
    case debugReasons = 200
    case halted = 208, inNonMaskable = 216
    case cr0 = 224, cr2 = 232, cr3 = 240, cr4 = 248, efer = 256, xcr0 = 264
    /// For each key of user pages two bits: no access, no writes.
    case pkru = 272
    case dr0 = 280, dr1 = 288, dr2 = 296, dr3 = 304, dr6 = 312, dr7 = 320
    case star = 328, lstar = 336, cstar = 344, sfmask = 352, kernelGSBase = 360, tscAux = 368
    case sysenterCS = 376, sysenterSP = 384, sysenterIP = 392, pat = 400, miscEnable = 408, kvmClock = 416, kvmWallClock = 424

    // What the core works with.
    /// Not zero: look up from the loop (interrupt, kick, stale code). Other threads set it.
    case attention = 1792
    /// Offsets of the translation tables for the present privilege.
    case readTable = 1800, writeTable = 1808, executeTable = 1816
    case mode = 1824
    case currentBlock = 1832
    /// Counts changes after which an address of code may lead elsewhere: of translations, and of the code segment.
    case epoch = 1840
    /// An interrupt waits for the interrupt flag, or for the end of a non-maskable one.
    case deferred = 1848
    /// Not zero: the instruction has set RIP itself.
    case pending = 1856
    /// Not zero: a debugger watches data, or the guest itself does.
    case watching = 1864
    /// Not zero: accesses are the processor's own, whoever runs.
    case inDelivery = 1872
    /// The free part of the memory of decoded blocks; young ones are behind its end.
    case arenaNext = 1880, arenaEnd = 1888
    /// For each page of RAM: whether it has code, and its version.
    case marks = 1896, versions = 1904
    /// Where the memory of decoded blocks begins.
    case arena = 1912
    /// The largest window of RAM: physical address, size, place on the host, and offset in RAM.
    case ramFirst = 1920, ramSize = 1928, ramHost = 1936, ramOffset = 1944
    case apicPage = 1952
    /// The linear addresses among which all translations of large pages are.
    case largeFirst = 1960, largeLast = 1968
    /// The object around the core, see `context`.
    case context = 1976
  }

  // Parts of the state that are not words.
  static let segments = 0x280
  /// An FXSAVE image: x87, MXCSR and the 16 XMM registers.
  static let vectorState = 0x400
  /// Upper halves of the 16 YMM registers.
  static let upperHalves = 0x600

  // Caches.
  static let translations = 0x10_0000
  /// Where decoded blocks are, from the beginning of their memory: for each of 65536 slots the first of those that are kept, and
  /// the first of the young ones. Zero is none.
  static let blocks = 0x5_0000
}
