import Glibc
import GuestRAM
import Primitives
import TestSupport
import Testing

/// What disks do with a file and pieces of guest memory.
@Suite struct FileTransferTests {
  private let memory: GuestMemory
  private let file = TemporaryFile()
  private let descriptor: Int32

  init() throws {
    memory = try GuestMemory(size: 1 << 20)
    descriptor = unsafe open(file.path, O_RDWR)
  }

  /// More pieces than the host takes in one call, the last one first.
  private let pieces = (0..<1500).reversed().map { MemorySegment(address: GuestAddress(0x1_0000 + 16 * UInt64($0)), count: 8) }[...]

  @Test("pieces of memory come into a file one after the other, and back")
  func bothWays() throws {
    defer { close(descriptor) }
    for (number, piece) in pieces.enumerated() { try memory.store(UInt64(number), at: piece.address) }
    try memory.write(to: descriptor, offset: 3, from: pieces)
    let bytes = file.bytes
    #expect(bytes.count == 3 + 8 * 1500 && bytes[3 + 8 * 700] == 188 && bytes[3 + 8 * 700 + 1] == 2, "700")

    for piece in pieces { try memory.store(UInt64.max, at: piece.address) }
    #expect(try memory.read(from: descriptor, offset: 3, to: pieces) == 8 * 1500)
    for (number, piece) in pieces.enumerated() { #expect(try memory.load(UInt64.self, at: piece.address) == UInt64(number)) }
    #expect(try memory.load(UInt64.self, at: pieces[0].address + 8) == 0, "what lies between is not touched")
  }

  @Test("a file that ends gives what it has")
  func ends() throws {
    defer { close(descriptor) }
    try memory.write(to: descriptor, offset: 0, from: [MemorySegment(address: 0x1000, count: 13)])
    #expect(try memory.read(from: descriptor, offset: 0, to: pieces) == 13)
  }

  @Test("VQ-13 nothing is moved unless all of it is RAM")
  func outside() throws {
    defer { close(descriptor) }
    let pieces = [MemorySegment(address: 0x1000, count: 8), MemorySegment(address: 0xF_FFFC, count: 8)][...]
    #expect(throws: GuestMemoryError.self) { try memory.write(to: descriptor, offset: 0, from: pieces) }
    #expect(file.bytes.isEmpty)
  }
}
