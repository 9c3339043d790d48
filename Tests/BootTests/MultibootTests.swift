import Boot
import GuestRAM
import Primitives
import Processor
import TestSupport
import Testing

@Suite struct MultibootTests: KernelLoading {
  let memory: GuestMemory

  init() throws { memory = try GuestMemory(size: 16 << 20) }

  /// A flat file: header at 16, 4 KiB loaded at 1 MiB, 4 KiB of zeroes behind it.
  static func flat(flags: UInt32 = 1 << 16, _ change: (inout [UInt32]) -> Void = { _ in }) -> [UInt8] {
    var words: [UInt32] = [0x1BAD_B002, flags, 0, 0x10_0010, 0x10_0000, 0x10_1000, 0x10_2000, 0x10_0100]
    words[2] = 0 &- words[0] &- words[1]
    change(&words)
    var bytes = [UInt8](repeating: 0x90, count: 16)
    for word in words { bytes.append(littleEndian: word) }
    return bytes + [UInt8](repeating: 0x90, count: 0x1000 - bytes.count)
  }

  @Test func a_flat_kernel_is_loaded_where_its_header_says() throws {
    try memory.fill(0xFF, count: 0x3000, at: 0x10_0000)
    let state = try boot(Self.flat())
    #expect(state.rip == 0x10_0100 && state[.rax] == 0x2BAD_B002 && state.cr0 == 0x11)
    #expect(try memory.bytes(0x1000, at: 0x10_0000) == Self.flat())
    #expect(try memory.bytes(0x1000, at: 0x10_1000).allSatisfy { $0 == 0 })
    #expect(try memory.load(UInt8.self, at: 0x10_2000) == 0xFF)
  }

  @Test func the_information_names_memory_modules_and_command_line() throws {
    let module = TemporaryFile([1, 2, 3, 4])
    let state = try boot(Self.flat()) {
      $0.initrd = module.path
      $0.commandLine = "debug"
    }
    let info = GuestAddress(state[.rbx])
    func word(_ offset: Int) throws -> UInt32 { try memory.load(at: info + offset) }
    #expect(try word(0) & 0x4D == 0x4D)
    #expect(try word(4) == 639 && word(8) == 15 * 1024)
    #expect(try memory.bytes(6, at: GuestAddress(UInt64(word(16)))) == Array("debug\0".utf8))
    #expect(try word(20) == 1)
    let entry = GuestAddress(UInt64(try word(24)))
    let start = try memory.load(UInt32.self, at: entry)
    #expect(try memory.load(UInt32.self, at: entry + 4) == start + 4)
    #expect(try memory.bytes(4, at: GuestAddress(UInt64(start))) == [1, 2, 3, 4])
    #expect(try word(44) == 6 * 24)
    let map = GuestAddress(UInt64(try word(48)))
    #expect(try memory.load(UInt32.self, at: map) == 20)
    #expect(try memory.load(UInt64.self, at: map + 12) == 0x9_FC00)
  }

  @Test func an_ELF_kernel_with_the_header_is_started_as_ELF() throws {
    let kernel = SmallELF.make(note: false) {
      $0.store(UInt32(0x1BAD_B002), at: 0x400)
      $0.store(UInt32(3), at: 0x404)
      $0.store(0 &- UInt32(0x1BAD_B005), at: 0x408)
    }
    let state = try boot(kernel)
    #expect(state.rip == SmallELF.entry && state[.rax] == 0x2BAD_B002)
  }

  @Test("EL-02 a lying Multiboot header is refused by the name of its field", arguments: [
    ("load_addr", 4, 0x10_0011), ("load_addr", 3, 0x10_0011), ("load_end_addr", 5, 0x10_1001),
    ("load_end_addr", 5, 0x0F_FFFF), ("bss_end_addr", 6, 0x10_0FFF), ("entry_addr", 7, 0x10_2000),
    ("entry_addr", 7, 0), ("load_addr", 6, 0xFFFF_FFFF),
  ] as [(String, Int, UInt32)])
  func lies(field: String, index: Int, value: UInt32) {
    let error = #expect(throws: LoadError.self) { try boot(Self.flat { $0[index] = value }) }
    #expect(error?.description.contains(": Multiboot \(field) ") == true)
  }

  @Test func unknown_demands_and_a_missing_address_are_refused() {
    for flags: UInt32 in [1 << 16 | 1 << 3, 0] {
      let error = #expect(throws: LoadError.self) { try boot(Self.flat(flags: flags)) }
      #expect(error?.description.contains(": Multiboot flags ") == true)
    }
  }
}
