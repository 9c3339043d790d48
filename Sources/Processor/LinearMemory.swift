public import GuestRAM
public import Primitives

/// Memory as a processor's software sees it, through its page tables, without any of its faults or side effects.
///
/// The tables are the guest's and may say anything; what is not RAM is not there.
public struct LinearMemory {
  private let state: ProcessorState
  private let memory: GuestMemory
  private static let pageSize: UInt64 = 4096

  public init(_ state: ProcessorState, _ memory: GuestMemory) {
    self.state = state
    self.memory = memory
  }

  /// Where a linear address leads; nil where nothing is mapped.
  public func physical(_ address: UInt64) -> GuestAddress? {
    guard state.cr0 >> 31 & 1 == 1 else { return GuestAddress(address & 0xFFFF_FFFF) }
    guard state.cr4 & 0x20 != 0 else { return walk32(address & 0xFFFF_FFFF) }
    return state.efer & 0x400 != 0
      ? walk64(address, levels: state.cr4 & 0x1000 != 0 ? 5 : 4) : walk64(address & 0xFFFF_FFFF, levels: 3)
  }

  private func walk64(_ address: UInt64, levels: UInt64) -> GuestAddress? {
    let frame: UInt64 = 0x000F_FFFF_FFFF_F000
    var table = state.cr3 & (levels == 3 ? 0xFFFF_FFE0 : frame)
    for level in stride(from: levels, through: 1, by: -1) {
      let shift = 12 + 9 * (level - 1)
      guard let entry = try? memory.load(UInt64.self, at: GuestAddress(table &+ (address >> shift & 0x1FF) * 8)),
        entry & 1 == 1
      else { return nil }
      let isLarge = entry & 0x80 != 0 && (level == 2 || level == 3 && levels > 3)
      if level == 1 || isLarge {
        let offset = (UInt64(1) << shift) - 1
        return GuestAddress(entry & frame & ~offset | address & offset)
      }
      table = entry & frame
    }
    return nil
  }

  private func walk32(_ address: UInt64) -> GuestAddress? {
    guard let entry = try? memory.load(UInt32.self, at: GuestAddress(state.cr3 & 0xFFFF_F000 + (address >> 22) * 4)),
      entry & 1 == 1
    else { return nil }
    if entry & 0x80 != 0, state.cr4 & 0x10 != 0 {
      return GuestAddress(UInt64(entry & 0xFFC0_0000) | UInt64(entry >> 13 & 0xFF) << 32 | address & 0x3F_FFFF)
    }
    guard let leaf = try? memory.load(UInt32.self, at: GuestAddress(UInt64(entry & 0xFFFF_F000) + (address >> 12 & 0x3FF) * 4)),
      leaf & 1 == 1
    else { return nil }
    return GuestAddress(UInt64(leaf & 0xFFFF_F000) | address & 0xFFF)
  }

  /// Up to `count` bytes: fewer where something in between is not there.
  public func bytes(_ count: Int, at address: UInt64) -> [UInt8] {
    var result: [UInt8] = []
    while result.count < count {
      let at = address &+ UInt64(result.count)
      let part = min(count - result.count, Int(Self.pageSize - at % Self.pageSize))
      guard let place = physical(at), let piece = try? memory.bytes(part, at: place) else { break }
      result += piece
    }
    return result
  }

  public func word(at address: UInt64) -> UInt64? { bytes(8, at: address).load(UInt64.self, at: 0) }

  /// False unless all of it is RAM; then nothing is written.
  public func write(_ bytes: [UInt8], at address: UInt64) -> Bool {
    var parts: [(GuestAddress, Range<Int>)] = []
    var done = 0
    while done < bytes.count {
      let at = address &+ UInt64(done)
      let count = min(bytes.count - done, Int(Self.pageSize - at % Self.pageSize))
      guard let place = physical(at), memory.contains(place, count: count) else { return false }
      parts.append((place, done..<done + count))
      done += count
    }
    for (place, range) in parts { try? memory.write(bytes[range], at: place) }
    return true
  }
}
