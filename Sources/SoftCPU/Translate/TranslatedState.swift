/// What translated code has in a core's block, beside the core's own fields. It reaches the block through GS.
enum TranslatedState {
  /// The host's stack pointer while RSP is the guest's.
  static let hostStack = 0xE00
  /// The guest's arithmetic flags while the host's are used for something else: OF in bit 0, the rest as LAHF has
  /// them in bits 8 to 15.
  static let flags = 0xE08
  /// Where to go on after a helper.
  static let resume = 0xE10
  /// What a helper is asked for, see HelperRequest.
  static let request = 0xE18
  /// Why translated code was left: the number of an edge, or an Exit.
  static let exit = 0xE20
  static let helper = 0xE28
  /// The edge by which code was left, until the run loop has done something else; -1 for none.
  static let edge = 0xE40
  /// Where Translator.Block is for a helper.
  static let blockTable = 0xE48
  /// Whoever looks a page up by the page tables, and the address that is looked up.
  static let finder = 0xE50, sought = 0xE58
  /// Not zero: the host has the guest's MXCSR, and its x87 state.
  static let hasControl = 0xE60, hasX87 = 0xE61
  /// Where time is counted: how many instructions may pass before it is looked at, and how many there were to begin with.
  static let budget = 0xE68, wholeBudget = 0xE70
  /// Who tells the time, and who finds code.
  static let clock = 0xE78, targetFinder = 0xE80
  /// How often code was left other than by an edge, in the order of Exit.
  static let exits = 0xE88
  /// How often helpers executed each operation.
  static let helped = 0x3_8000
  static let temporary = 0xE30, secondTemporary = 0xE38

  /// A byte for each known mapping of a page of code: whether it holds now.
  static let mappings = 0x4_0000
  static let mappingCount = 8192
  /// The block that a helper runs.
  static let helperBlock = 0x4_2000
  /// Numbers of mappings that hold: those that a change of CR3 forgets, and those of global pages.
  static let localMappings = 0x4_4000, globalMappings = 0x4_8000
  /// The linear page of each mapping.
  static let mappingPages = 0x2_8000
  /// For each block how many more of its accesses may miss their near entries before somebody looks into it.
  static let patience = 0x20_0000
  static let usualPatience: Int32 = 1024
  /// For each set of translation tables, and for 32-bit code apart, where indirect jumps have led: RIP and the host's place.
  static let targets = patience + 4 * Translator.mostBlocks
  static let targetLines = 16384
  static let targetTable = targetLines * 16
  static let size = targets + 2 * SoftTLB.sets * targetTable

  /// The line of an address: its low bits, with those from here on over them, since functions begin at multiples of 16.
  static let targetFold: UInt8 = 14

  static func target(_ rip: UInt64, _ set: Int, is64Bit: Bool) -> Int {
    targets(set, is64Bit: is64Bit) + (Int(truncatingIfNeeded: rip ^ rip >> UInt64(targetFold)) & (targetLines - 1)) * 16
  }
  static func targets(_ set: Int, is64Bit: Bool) -> Int { targets + (is64Bit ? set : set + SoftTLB.sets) * targetTable }
}

/// Why translated code was left, where it was not by an edge. RIP is set then. The guest's flags are in the core, or nobody
/// reads them, or they are in `TranslatedState.flags`.
enum Exit: Int32, CaseIterable {
  case helper = -1, helperWithFlags = -2, entry = -3, entryWithFlags = -4, unknownReturn = -5, fault = -6

  var hasFlags: Bool {
    switch self {
    case .helperWithFlags, .entryWithFlags, .unknownReturn: true
    case .helper, .entry, .fault: false
    }
  }

  /// Where it is counted in a core's block.
  var counter: Int { TranslatedState.exits + Int(~rawValue) * 8 }

  /// As the tally calls it.
  var reason: String {
    switch self {
    case .helper, .helperWithFlags: "behind a helper"
    case .entry, .entryWithFlags: "before a block, for attention or a page that may have changed"
    case .unknownReturn: "at a return to code that is not known"
    case .fault: "at a fault"
    }
  }
}

/// How translated code goes on behind a helper. Any greater number is where it goes on on the host: the instruction led
/// elsewhere, or changed the mode.
enum HelperResult {
  /// With the next instruction.
  static let next: UInt64 = 0
  /// Back to the run loop.
  static let leave: UInt64 = 1
}

/// What translated code wants of a helper, as one word.
struct HelperRequest {
  var rawValue: UInt32

  /// So many instructions of a block are to be executed; the flags are live before or after them.
  init(block: Int, count: Int, flagsBefore: Bool, flagsAfter: Bool) {
    rawValue = UInt32(truncatingIfNeeded: block) << 8 | UInt32(truncatingIfNeeded: count) & 63 | (flagsBefore ? 64 : 0) | (flagsAfter ? 128 : 0)
  }
  init(rawValue: UInt32) { self.rawValue = rawValue }

  static let mostBlocks = 1 << 24
  var block: Int { Int(rawValue >> 8) }
  var count: Int { Int(rawValue & 63) }
  var flagsBefore: Bool { rawValue & 64 != 0 }
  var flagsAfter: Bool { rawValue & 128 != 0 }
}

extension Core {
  /// Brings the flags from where translated code keeps them.
  func takeFlags() {
    let saved: UInt64 = load(TranslatedState.flags)
    arithmeticFlags = saved >> 8 & (Flags.arithmetic & ~Flags.of) | (saved & 1) << 11
  }
  /// Puts the flags where translated code finds them.
  func giveFlags() {
    let now = flags
    store((now & (Flags.arithmetic & ~Flags.of)) << 8 | now >> 11 & 1, at: TranslatedState.flags)
  }
}
