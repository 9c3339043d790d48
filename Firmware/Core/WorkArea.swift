internal import Primitives

/// The firmware's own memory in the shadow RAM below 1 MiB, which the memory map calls reserved.
enum WorkArea {
  /// A fw_cfg control block.
  static let transfer: GuestAddress = 0xE_8000
  /// What is read from fw_cfg to be looked at: a directory's entry, the record of a piece.
  static let record: GuestAddress = 0xE_8080
  /// A disk request's header, and its status byte.
  static let request: GuestAddress = 0xE_8040
  /// The memory map as INT 15h and kernels want it: entries of 20 bytes.
  static let memoryMap: GuestAddress = 0xE_8100
  static let largestMapCount = 32
  /// One KiB for each disk's queue.
  static let queues: GuestAddress = 0xE_9000
  static let queueSize = 0x400
  static let largestDiskCount = 16
  /// The board's device tree while it is read, later the tables an operating system gets.
  static let tables = MemoryRange(0xE_D000, through: 0xE_FFFF)
  /// Where operating systems search for anchors; the image leaves it free.
  static let anchors = MemoryRange(0xF_E000, through: 0xF_FEFF)
}
