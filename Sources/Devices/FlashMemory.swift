public import DeviceModel
public import Primitives

/// A flash chip with Intel's command set (CFI 0x0001): a firmware keeps its variables in it.
///
/// While it shows its array, processors read that directly; after any command, reads ask the chip. It records as an
/// effect what is to be stored, and is told if that failed.
public struct FlashMemory: Device {
  /// What the next write means.
  private enum Stage: Equatable, Sendable {
    case command
    case program
    case erase
    case lock
    case bufferCount(block: Int)
    case buffer(block: Int, remaining: Int)
    case bufferConfirmation
  }

  /// What a read gives.
  private enum View: Sendable {
    case array
    case status
    case identity
    case query
  }

  enum Status {
    static let ready: UInt8 = 0x80
    static let eraseFailed: UInt8 = 0x20
    static let programFailed: UInt8 = 0x10
    /// Both bits at once: the commands came in an order that means nothing.
    static let wrongSequence: UInt8 = 0x30
  }

  public static let blockSize = 4096
  static let bufferSize = 32

  /// - Parameter size: whole blocks, ending at `end`.
  public static func placement(below end: GuestAddress, size: UInt64) -> Placement {
    Placement("firmware variables", memory: MemoryRange(GuestAddress(end.value - size), count: size))
  }

  /// What the chip goes back to, and the status it gives, if the last bytes could not be stored.
  private struct Undo: Sendable {
    let offset: Int
    let bytes: [UInt8]
    let status: UInt8
  }

  private var bytes: [UInt8]
  private var undo: Undo?
  private var stage = Stage.command
  private var view = View.array
  private var status = Status.ready
  private var buffer: [(offset: Int, byte: UInt8)] = []

  /// - Parameter bytes: what the chip holds, in whole blocks.
  public init(_ bytes: [UInt8]) {
    precondition(bytes.count % Self.blockSize == 0, "a chip has whole blocks")
    self.bytes = bytes
  }

  var size: Int { bytes.count }

  /// Whether processors may read the array directly.
  public var showsArray: Bool { view == .array }

  public mutating func read(_ width: AccessWidth, at offset: Int, _ cycle: inout Cycle) -> UInt64 {
    width.value { read(at: offset + $0) }
  }

  private func read(at offset: Int) -> UInt8 {
    switch view {
    case .array: bytes.indices.contains(offset) ? bytes[offset] : 0xFF
    case .status: status
    case .identity: identity(at: offset)
    case .query: query(at: offset)
    }
  }

  public mutating func write(_ value: UInt64, _ width: AccessWidth, at offset: Int, _ cycle: inout Cycle) {
    let wasArray = showsArray
    let data = (0..<width.byteCount).map { UInt8(truncatingIfNeeded: value >> UInt64($0 * 8)) }
    switch stage {
    case .command: command(UInt8(truncatingIfNeeded: value), at: offset)
    case .program:
      program(data, at: offset, &cycle)
      stage = .command
    case .erase: confirmErase(UInt8(truncatingIfNeeded: value), at: offset, &cycle)
    case .lock: stage = .command
    case .bufferCount(let block):
      // The count is one less than the number of writes; more than the buffer holds is an error.
      let count = Int(truncatingIfNeeded: value & 0xFF) + 1
      if count > Self.bufferSize { fail(Status.wrongSequence) } else { stage = .buffer(block: block, remaining: count) }
    case .buffer(let block, let remaining): fill(data, at: offset, block, remaining)
    case .bufferConfirmation: confirmBuffer(UInt8(truncatingIfNeeded: value), &cycle)
    }
    if showsArray != wasArray { cycle.changes.insert(.memoryMap) }
  }

  /// The bytes of the last store effect could not be kept: the old ones are there again.
  public mutating func storeFailed(_ cycle: inout Cycle) {
    guard let undo else { return }
    self.undo = nil
    let wasArray = showsArray
    bytes.replaceSubrange(undo.offset..<(undo.offset + undo.bytes.count), with: undo.bytes)
    fail(undo.status)
    cycle.effects.append(.complaint("the host could not keep what the firmware wrote into its variables"))
    if wasArray { cycle.changes.insert(.memoryMap) }
  }

  /// The power fails, the bytes stay.
  public mutating func reset() { self = FlashMemory(bytes) }
}

// MARK: - Commands

extension FlashMemory {
  private mutating func command(_ code: UInt8, at offset: Int) {
    view = .status
    switch code {
    case 0x10, 0x40: stage = .program
    case 0x20: stage = .erase
    case 0x50:
      status = 0
      view = .array
    case 0x60: stage = .lock
    case 0x70: break
    case 0x90: view = .identity
    case 0x98: view = .query
    case 0xE8:
      buffer = []
      status |= Status.ready
      stage = .bufferCount(block: offset / Self.blockSize)
    default: view = .array
    }
  }

  private mutating func fail(_ bits: UInt8) {
    status |= bits | Status.ready
    stage = .command
    view = .status
  }

  /// Programming only clears bits; to set them takes an erase.
  private mutating func program(_ data: [UInt8], at offset: Int, _ cycle: inout Cycle) {
    guard offset >= 0, offset + data.count <= bytes.count else { return fail(Status.programFailed) }
    let range = offset..<(offset + data.count)
    let new = zip(bytes[range], data).map { $0 & $1 }
    status |= Status.ready
    replace(range, new, orFail: Status.programFailed, &cycle)
  }

  private mutating func confirmErase(_ code: UInt8, at offset: Int, _ cycle: inout Cycle) {
    stage = .command
    guard code == 0xD0 else { return fail(Status.wrongSequence) }
    let start = offset / Self.blockSize * Self.blockSize
    guard bytes.indices.contains(start) else { return fail(Status.eraseFailed) }
    status |= Status.ready
    let blank = [UInt8](repeating: 0xFF, count: Self.blockSize)
    replace(start..<(start + Self.blockSize), blank, orFail: Status.eraseFailed, &cycle)
  }

  private mutating func fill(_ data: [UInt8], at offset: Int, _ block: Int, _ remaining: Int) {
    guard offset / Self.blockSize == block, (offset + data.count - 1) / Self.blockSize == block else {
      return fail(Status.wrongSequence)
    }
    for (index, byte) in data.enumerated() { buffer.append((offset + index, byte)) }
    stage = remaining > 1 ? .buffer(block: block, remaining: remaining - 1) : .bufferConfirmation
  }

  private mutating func confirmBuffer(_ code: UInt8, _ cycle: inout Cycle) {
    stage = .command
    guard code == 0xD0 else { return fail(Status.wrongSequence) }
    defer { buffer = [] }
    guard let first = buffer.map({ $0.offset }).min(), let last = buffer.map({ $0.offset }).max() else { return }
    guard first >= 0, last < bytes.count else { return fail(Status.programFailed) }
    var data = [UInt8](repeating: 0xFF, count: last - first + 1)
    for (offset, byte) in buffer { data[offset - first] &= byte }
    program(data, at: first, &cycle)
  }

  private mutating func replace(
    _ range: Range<Int>, _ new: [UInt8], orFail bits: UInt8, _ cycle: inout Cycle
  ) {
    undo = Undo(offset: range.lowerBound, bytes: Array(bytes[range]), status: bits)
    bytes.replaceSubrange(range, with: new)
    cycle.effects.append(.store(new, at: range.lowerBound))
  }
}
