package import Primitives

/// What the firmware's logic can do to a machine: ports and physical memory below 4 GiB.
///
/// On the machine itself these are instructions; in a test they reach the VMM's own device models.
package protocol Hardware {
  func input(_ width: AccessWidth, from port: Port) -> UInt32
  func output(_ value: UInt32, _ width: AccessWidth, to port: Port)
  func load(_ width: AccessWidth, at address: GuestAddress) -> UInt32
  func store(_ value: UInt32, _ width: AccessWidth, at address: GuestAddress)
  /// Ranges may overlap.
  func copy(_ count: UInt32, from source: GuestAddress, to target: GuestAddress)
  func fill(_ byte: UInt8, count: UInt32, at address: GuestAddress)
  /// Lets others run while we wait.
  func pause()
  /// Where the code and tables for real mode are.
  var realModeCode: RealModeCode { get }
  /// Starts loaded code in real mode, with the data segments and stack in one segment. Comes back only in a test.
  func enterRealMode(_ entry: RealModeEntry)
  /// Starts a kernel at its 32-bit entry. Comes back only in a test.
  func enterKernel(at entry: GuestAddress, parameters: GuestAddress)
  /// Starts a Multiboot kernel. Comes back only in a test.
  func enterMultiboot(at entry: GuestAddress, information: GuestAddress)
  /// Ends for good. Comes back only in a test.
  func stop()
}

/// Offsets into segment F000 of what the interrupt vectors point to.
package struct RealModeCode: Sendable {
  /// Entries of vectors 00 to 1F, then 70 to 77, eight bytes each.
  package var stubs: UInt16
  package var tick: UInt16
  package var ignore: UInt16
  package var systemConfiguration: UInt16
  package var disketteParameters: UInt16
  /// 256 letters of sixteen lines.
  package var font: UInt16

  package init(stubs: UInt16, tick: UInt16, ignore: UInt16, systemConfiguration: UInt16, disketteParameters: UInt16, font: UInt16) {
    self.stubs = stubs
    self.tick = tick
    self.ignore = ignore
    self.systemConfiguration = systemConfiguration
    self.disketteParameters = disketteParameters
    self.font = font
  }

  package static let segment: UInt16 = 0xF000
}

/// The registers that loaded real-mode code starts with.
package struct RealModeEntry: Equatable, Sendable {
  package var segment: UInt16
  package var offset: UInt16
  package var dataSegment: UInt16 = 0
  package var stackPointer: UInt16 = 0x7C00
  package var dx: UInt16 = 0

  package init(segment: UInt16, offset: UInt16) {
    self.segment = segment
    self.offset = offset
  }
}

extension Hardware {
  @inlinable package func byte(at address: GuestAddress) -> UInt8 { UInt8(truncatingIfNeeded: load(.byte, at: address)) }
  @inlinable package func word(at address: GuestAddress) -> UInt16 { UInt16(truncatingIfNeeded: load(.word, at: address)) }
  @inlinable package func dword(at address: GuestAddress) -> UInt32 { load(.dword, at: address) }
  @inlinable package func qword(at address: GuestAddress) -> UInt64 {
    UInt64(dword(at: address)) | UInt64(dword(at: address + 4)) << 32
  }

  @inlinable package func put(_ value: UInt8, at address: GuestAddress) { store(UInt32(value), .byte, at: address) }
  @inlinable package func put(_ value: UInt16, at address: GuestAddress) { store(UInt32(value), .word, at: address) }
  @inlinable package func put(_ value: UInt32, at address: GuestAddress) { store(value, .dword, at: address) }
  @inlinable package func put(_ value: UInt64, at address: GuestAddress) {
    put(UInt32(truncatingIfNeeded: value), at: address)
    put(UInt32(truncatingIfNeeded: value >> 32), at: address + 4)
  }

  /// Big-endian numbers, as fw_cfg and device trees have them.
  @inlinable package func bigDword(at address: GuestAddress) -> UInt32 { dword(at: address).byteSwapped }
  @inlinable package func bigQword(at address: GuestAddress) -> UInt64 {
    UInt64(bigDword(at: address)) << 32 | UInt64(bigDword(at: address + 4))
  }

  /// Whether two zero-terminated texts in memory, of at most `limit` bytes, are the same.
  package func isSameText(_ a: GuestAddress, _ b: GuestAddress, limit: Int) -> Bool {
    for offset in 0..<limit {
      let character = byte(at: a + offset)
      guard character == byte(at: b + offset) else { return false }
      if character == 0 { return true }
    }
    return true
  }

  /// Whether a zero-terminated text in memory, of at most `limit` bytes, is this one.
  package func text(at address: GuestAddress, limit: Int, is text: Text) -> Bool {
    for offset in 0..<text.count {
      guard offset < limit, byte(at: address + offset) == text[offset] else { return false }
    }
    return text.count == limit || byte(at: address + text.count) == 0
  }
}
