internal import Primitives

/// What instructions that can be undone do to a core.
struct CoreState {
  private static let fields: [Core.Field] = [.currentBlock, .shadow, .trapShadow, .pending, .debugReasons]
  /// FS, GS, and the one that SWAPGS keeps.
  private static let bases = [Segment.fs.place, Segment.gs.place, Core.Field.kernelGSBase.rawValue]
  private static let vectorSize = Core.upperHalves + 256 - Core.vectorState

  /// The general registers, RIP and the flags.
  private var words: [UInt64]
  private var others: [UInt64]
  private var bases: [UInt64]
  private var vectors: [UInt8]
  private let pageKeys: UInt64

  init(_ core: Core) {
    words = (0..<23).map { core.load($0 * 8) }
    others = Self.fields.map { core[$0] }
    pageKeys = core[.pkru]
    bases = Self.bases.map { core.load($0) }
    vectors = unsafe [UInt8](UnsafeRawBufferPointer(start: core.base + Core.vectorState, count: Self.vectorSize))
  }

  func put(_ core: Core) {
    for (k, word) in words.enumerated() { core.store(word, at: k * 8) }
    for (field, word) in zip(Self.fields, others) { core[field] = word }
    for (place, base) in zip(Self.bases, bases) { core.store(base, at: place) }
    unsafe vectors.withUnsafeBytes { if let base = $0.baseAddress { unsafe (core.base + Core.vectorState).copyMemory(from: base, byteCount: $0.count) } }
  }

  var rip: UInt64 { words[Core.Field.rip.rawValue / 8] }
  var arithmeticFlags: UInt64 { flags & Flags.arithmetic }
  private var systemFlags: UInt64 { words[Core.Field.systemFlags.rawValue / 8] }

  /// As Core.flags has them.
  private var flags: UInt64 {
    func word(_ field: Core.Field) -> UInt64 { words[field.rawValue / 8] }
    let (sign, carries) = (word(.signResult), word(.carries))
    return systemFlags & ~Flags.arithmetic | carries >> 63 | (UInt8(truncatingIfNeeded: sign).nonzeroBitCount & 1 == 0 ? Flags.pf : 0)
      | word(.adjust) & Flags.af | (word(.zeroResult) == 0 ? Flags.zf : 0) | (sign >> 63 != 0 ? Flags.sf : 0)
      | ((carries ^ carries << 1) >> 63 != 0 ? Flags.of : 0)
  }

  /// What a core has otherwise, but for RIP.
  ///
  /// - Parameter known: the flags that count.
  func difference(_ core: Core, flags known: UInt64) -> String? {
    for k in 0..<16 where words[k] != core[register: k] { return "register \(k) is \(core[register: k].hex()), should be \(words[k].hex())" }
    if (flags ^ core.flags) & known != 0 { return "flags are \(core.flags.hex()), should be \(flags.hex())" }
    if pageKeys != core[.pkru] { return "PKRU is \(core[.pkru].hex()), should be \(pageKeys.hex())" }
    let now = CoreState(core)
    if now.bases != bases { return "bases of FS and GS are \(now.bases.map { $0.hex() }), should be \(bases.map { $0.hex() })" }
    guard let place = vectors.indices.first(where: { vectors[$0] != now.vectors[$0] }) else { return nil }
    return "byte \(place) of the vector state is \(now.vectors[place]), should be \(vectors[place])"
  }

  var text: String { "registers " + words[..<16].map { $0.hex() }.joined(separator: " ") + ", flags \(flags.hex())" }
}
