internal import Assembler

/// What a translation is made for.
struct TranslationContext {
  let core: Core
  /// The set of translation tables, which is also the privilege.
  let set: Int
  let stubs: TranslationStubs
  /// The number of the mapping of the second page, if the instruction lies in two.
  let secondMapping: Int?
  /// The number of the first edge of the block.
  let firstEdge: Int
  /// Whether the host has POPCNT, LZCNT, TZCNT and BMI.
  let hasBitCounts: Bool
  /// Whether the host has XSAVE, which exchanges x87 state alone.
  let lendsX87: Bool
  let triesNearEntries: Bool
  /// Time passes with instructions.
  let countsInstructions: Bool
  /// What the code was decoded for.
  let mode: UInt64

  /// Whether the guest may use SSE.
  var hasVectors: Bool { mode & Mode.vectors != 0 }
  /// Whether it may use x87 and MMX, and these can be lent.
  var hasX87: Bool { lendsX87 && hasVectors }
  /// And AVX.
  var hasWideVectors: Bool { mode & Mode.wideVectors != 0 }
  /// 64-bit code; else it is 32-bit code of flat segments.
  var is64Bit: Bool { mode & Mode.long64 != 0 }
  /// The size of what PUSH, CALL and their like put on the stack, and of addresses.
  var word: Width { is64Bit ? .quad : .long }
  /// Where indirect jumps of such code have led.
  var targets: Int { TranslatedState.targets(set, is64Bit: is64Bit) }
}
