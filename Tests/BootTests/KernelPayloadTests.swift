import Boot
import GuestRAM
import Primitives
import Processor
import TestSupport
import Testing

/// A bzImage with a kernel packed into it.
@Suite struct KernelPayloadTests {
  let memory: GuestMemory

  init() throws { memory = try GuestMemory(size: 64 << 20) }

  static let linked: UInt64 = 0x100_0000
  static let entry = linked + 0x10

  /// An ELF kernel at its linked address whose places 0x100 (64 bits), 0x110 (inverse) and 0x120 hold addresses.
  static func kernel(_ change: (inout [UInt8]) -> Void = { _ in }) -> [UInt8] {
    var bytes = SmallELF.make(note: false) {
      $0.store(entry, at: 24)
      SmallELF.header(&$0, at: 64, kind: 1, offset: 0x1000, address: linked, size: 0x1000, memorySize: 0x2000)
      $0.store(UInt64(0x1FC0), at: 40)
      $0.store(UInt16(64), at: 58)
      $0.store(UInt16(1), at: 60)
      $0.store(UInt64(0xFFFF_FFFF_8100_0000), at: 0x1100)
      $0.store(UInt32(0x8000_0000), at: 0x1110)
      $0.store(UInt32(0x8100_0000), at: 0x1120)
    }
    for word: UInt32 in [0, 0x8100_0100, 0, 0x8100_0110, 0, 0x8100_0120, 0xFFFF_FFF0, 0x0000_0001] { bytes.append(littleEndian: word) }
    change(&bytes)
    return bytes
  }

  static func image(_ payload: [UInt8], claims size: Int? = nil) -> [UInt8] {
    SmallLinux.make {
      let packed = Gzip.stored(payload).dropLast(4)
      $0.store(UInt32(0x400), at: 0x248)
      $0.store(UInt32(packed.count + 4), at: 0x24C)
      $0.replaceSubrange((SmallLinux.kernelOffset + 0x400)..., with: packed)
      $0.append(littleEndian: UInt32(size ?? payload.count))
      while $0.count < SmallLinux.kernelOffset + SmallLinux.kernelSize { $0.append(0) }
    }
  }

  func boot(_ kernel: [UInt8], _ commandLine: String = "", seed: UInt64? = nil) throws -> ProcessorState {
    let file = TemporaryFile(kernel)
    return try load(LoadRequest(kernel: file.path, commandLine: commandLine, baseSeed: seed), into: memory)
  }

  @Test func the_kernel_inside_lies_where_it_was_linked_and_is_entered_there() throws {
    let state = try boot(Self.image(Self.kernel()))
    #expect(state.rip == Self.entry)
    #expect(state[.rsi] == 0x7000)
    #expect(state.efer == 0x500)
    #expect(try memory.bytes(0x1000, at: GuestAddress(Self.linked)) == Array(Self.kernel()[0x1000..<0x2000]))
    #expect(try memory.load(UInt8.self, at: 0x7211) & 2 == 0)
  }

  @Test func a_32_bit_kernel_is_unpacked_too_and_entered_in_32_bit_mode() throws {
    var kernel = [UInt8](repeating: 0, count: 0x2000)
    kernel.replaceSubrange(0..<7, with: [0x7F, 0x45, 0x4C, 0x46, 1, 1, 1])
    for (place, half) in [(16, 2), (18, 3), (42, 32), (44, 1)] as [(Int, UInt16)] { kernel.store(half, at: place) }
    let words: [(Int, UInt32)] = [(24, UInt32(Self.entry)), (28, 52), (52, 1), (56, 0x1000), (60, 0xC100_0000), (64, UInt32(Self.linked)), (68, 0x1000), (72, 0x1000)]
    for (place, word) in words { kernel.store(word, at: place) }
    kernel[0x1010] = 0x5A
    var image = Self.image(kernel)
    image.store(UInt16(0), at: 0x236)
    let state = try boot(image, seed: 3)
    #expect(state.rip == Self.entry)
    #expect(state.efer == 0)
    #expect(try memory.load(UInt8.self, at: GuestAddress(Self.entry)) == 0x5A)
    // It stays where it is.
    #expect(try memory.load(UInt8.self, at: 0x7211) & 2 == 0)
  }

  @Test func a_seed_moves_the_addresses_in_the_kernel_and_tells_it_so() throws {
    let state = try boot(Self.image(Self.kernel()), seed: 3)
    let shift: UInt64 = 3 * 0x20_0000
    #expect(state.rip == Self.entry)
    #expect(try memory.load(UInt64.self, at: GuestAddress(Self.linked + 0x100)) == 0xFFFF_FFFF_8100_0000 + shift)
    #expect(try memory.load(UInt32.self, at: GuestAddress(Self.linked + 0x110)) == UInt32(0x8000_0000 - shift))
    #expect(try memory.load(UInt32.self, at: GuestAddress(Self.linked + 0x120)) == UInt32(0x8100_0000 + shift))
    #expect(try memory.load(UInt8.self, at: 0x7211) & 2 == 2)
  }

  @Test func newer_kernels_have_only_two_lists() throws {
    let kernel = Self.kernel { $0.removeSubrange(0x2008..<0x2010) }
    _ = try boot(Self.image(kernel), seed: 1)
    #expect(try memory.load(UInt64.self, at: GuestAddress(Self.linked + 0x100)) == 0xFFFF_FFFF_8120_0000)
    #expect(try memory.load(UInt32.self, at: GuestAddress(Self.linked + 0x110)) == 0x8000_0000)
    #expect(try memory.load(UInt32.self, at: GuestAddress(Self.linked + 0x120)) == 0x8120_0000)
  }

  @Test func any_seed_keeps_the_kernel_in_its_gigabyte() throws {
    _ = try boot(Self.image(Self.kernel()), seed: .max)
    let moved = try memory.load(UInt64.self, at: GuestAddress(Self.linked + 0x100))
    #expect(moved >= 0xFFFF_FFFF_8100_0000 && moved <= 0xFFFF_FFFF_C000_0000 - 0x10_0000)
  }

  @Test func nokaslr_and_a_kernel_without_lists_stay_where_they_were_linked() throws {
    for (kernel, line) in [(Self.kernel(), "quiet nokaslr"), (Self.kernel { $0.removeLast(32) }, "")] {
      _ = try boot(Self.image(kernel), line, seed: 3)
      #expect(try memory.load(UInt64.self, at: GuestAddress(Self.linked + 0x100)) == 0xFFFF_FFFF_8100_0000)
      #expect(try memory.load(UInt8.self, at: 0x7211) & 2 == 0)
    }
  }

  @Test func an_unknown_format_is_left_to_the_kernels_own_decompressor() throws {
    var image = Self.image(Self.kernel())
    image[SmallLinux.kernelOffset + 0x400] = 0x42
    #expect(try boot(image).rip == Self.linked + 0x200)
  }

  @Test("BZ-05 a payload that is damaged, no kernel, or not the size it says is refused")
  func bad() {
    let kernel = Self.kernel()
    var damaged = Self.image(kernel)
    damaged[SmallLinux.kernelOffset + 0x400 + 20] ^= 1
    let images = [
      damaged, Self.image([UInt8](repeating: 7, count: 500)), Self.image(kernel, claims: kernel.count - 1),
      Self.image(kernel, claims: kernel.count + 1),
      Self.image(Self.kernel { $0.store(Self.linked - 0x1000, at: 64 + 24) }),
      Self.image(Self.kernel { $0.store(UInt64(0x10_0001), at: 64 + 40) }),
      Self.image(Self.kernel { $0.store(UInt64(0x4000), at: 32) }),
      Self.image(Self.kernel { $0.store(UInt64.max, at: 24) }),
    ]
    for image in images { #expect(throws: LoadError.self) { try boot(image) } }
  }
}
