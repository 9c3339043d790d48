import Primitives

/// Where a kernel that starts without firmware finds what a firmware would have left behind.
enum LowMemory {
  static let biosDataSegment: GuestAddress = 0x40E
  static let biosDataSize: GuestAddress = 0x413
  static let descriptorTable: GuestAddress = 0x500
  static let startInfo: GuestAddress = 0x6000
  static let startInfoModules: GuestAddress = 0x6040
  static let startInfoMap: GuestAddress = 0x6100
  static let bootParameters: GuestAddress = 0x7000
  static let stackTop: GuestAddress = 0x8FF0
  static let pageTables: GuestAddress = 0x9000
  static let commandLine: GuestAddress = 0x2_0000
  static let commandLineSize = 0x1_0000
  static let setupData: GuestAddress = 0x3_0000
  static let setupDataSize = 0x6_0000
  /// Kernels lie from here on: nothing above is in their way.
  static let end: UInt64 = 0x10_0000
}
