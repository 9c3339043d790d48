/// Bits of CR0.
enum CR0 {
  static let protection: UInt64 = 1
  static let monitor: UInt64 = 1 << 1
  static let emulation: UInt64 = 1 << 2
  static let taskSwitched: UInt64 = 1 << 3
  /// Always set.
  static let extensionType: UInt64 = 1 << 4
  static let writeProtection: UInt64 = 1 << 16
  static let alignmentMask: UInt64 = 1 << 18
  static let notWriteThrough: UInt64 = 1 << 29
  static let cacheDisabled: UInt64 = 1 << 30
  static let paging: UInt64 = 1 << 31
  /// Those that LMSW loads.
  static let machineStatus: UInt64 = protection | monitor | emulation | taskSwitched
}

/// Bits of CR4.
enum CR4 {
  /// RDTSC is the system's.
  static let timeStampDisabled: UInt64 = 1 << 2
  static let debugExtensions: UInt64 = 1 << 3
  static let pageSizeExtensions: UInt64 = 1 << 4
  /// Entries of page tables have 64 bits.
  static let addressExtensions: UInt64 = 1 << 5
  static let machineChecks: UInt64 = 1 << 6
  static let globalPages: UInt64 = 1 << 7
  /// RDPMC is for all.
  static let counters: UInt64 = 1 << 8
  /// FXSAVE, and with it SSE.
  static let fxsave: UInt64 = 1 << 9
  static let simdExceptions: UInt64 = 1 << 10
  /// Users do not learn where the tables are (UMIP).
  static let tableGuard: UInt64 = 1 << 11
  /// Page tables of five levels, which are not here.
  static let fiveLevels: UInt64 = 1 << 12
  static let segmentBases: UInt64 = 1 << 16
  /// CR3 has a number of the process (PCIDE).
  static let identifiers: UInt64 = 1 << 17
  static let xsave: UInt64 = 1 << 18
  static let executionPrevention: UInt64 = 1 << 20
  static let accessPrevention: UInt64 = 1 << 21
  /// User pages have keys (PKE).
  static let pageKeys: UInt64 = 1 << 22
}

/// Bits of EFER.
enum EFER {
  static let systemCalls: UInt64 = 1
  static let longMode: UInt64 = 1 << 8
  static let longModeActive: UInt64 = 1 << 10
  static let executeDisable: UInt64 = 1 << 11
  /// Nothing here.
  static let automaticIBRS: UInt64 = 1 << 21
}

/// Bits of an entry of a page table.
enum PageEntry {
  static let present: UInt64 = 1
  static let writable: UInt64 = 1 << 1
  static let user: UInt64 = 1 << 2
  static let accessed: UInt64 = 1 << 5
  static let dirty: UInt64 = 1 << 6
  static let large: UInt64 = 1 << 7
  static let global: UInt64 = 1 << 8
  static let executeDisable: UInt64 = 1 << 63
  /// The physical address, in an entry of 64 bits.
  static let address: UInt64 = 0x000F_FFFF_FFFF_F000
  /// The number of the page's key, from here on.
  static let keyShift: UInt64 = 59
}
