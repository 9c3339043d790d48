internal import Glibc

/// How often each block of a guest's kernel was entered. It is there only where somebody wants to know: then such a block begins
/// with an instruction of the decoder's own, which counts, and ends where it may be left, so that all of it is executed as often.
@safe package final class BlockCounts {
  /// So many are told apart; others are not counted.
  private static let most = 1 << 19

  private let counters: UnsafeMutablePointer<UInt64>
  /// By RIP.
  private var numbers: [UInt64: Int] = [:]
  /// How long the instructions of each block are.
  private var lengths: [[UInt8]] = []
  private var starts: [UInt64] = []

  /// Nil where the host has no memory.
  package init?() {
    guard let memory = unsafe calloc(Self.most, MemoryLayout<UInt64>.stride) else { return nil }
    unsafe counters = memory.bindMemory(to: UInt64.self, capacity: Self.most)
  }

  deinit { unsafe free(counters) }

  /// Where the entries of the block at RIP are counted, on the host.
  func counter(at rip: UInt64, isKernel: Bool) -> UInt64? {
    guard isKernel else { return nil }
    let number = numbers[rip] ?? starts.count
    guard number < Self.most else { return nil }
    if number == starts.count {
      numbers[rip] = number
      starts.append(rip)
      lengths.append([])
    }
    return UInt64(UInt(bitPattern: unsafe counters + number))
  }

  /// What the block at RIP consists of now.
  func note(_ rip: UInt64, _ instructions: [UInt8]) { if let number = numbers[rip] { lengths[number] = instructions } }

  /// How often the instruction at each address was executed, added to what others did.
  package func add(to sum: inout [UInt64: UInt64]) {
    for number in starts.indices {
      let count = unsafe counters[number]
      guard count > 0 else { continue }
      var address = starts[number]
      for length in lengths[number] {
        sum[address, default: 0] &+= count
        address &+= UInt64(length)
      }
    }
  }
}

extension Operation {
  /// Whether a block may be left behind it, though more instructions follow.
  var leavesBlocks: Bool {
    switch plain {
    case .jcc, .halt, .into, .bound, .popFlags, .sti, .wrmsr, .moveToControl, .moveToSegment, .popSegment, .invlpg: true
    default: false
    }
  }
}

extension InstructionRecord {
  /// - Parameter counter: where on the host is counted.
  init(counting counter: UInt64, at rip: UInt64, is64Bit: Bool) {
    operation = .counted
    address = rip
    immediate = counter
    addressWidth = is64Bit ? 8 : 4
  }
}

extension Core {
  func countEntry(_ i: Instruction) { unsafe UnsafeMutablePointer<UInt64>(bitPattern: UInt(i.immediate))?.pointee &+= 1 }
}
