import Boot
import GuestRAM
import Glibc
import Host
import Primitives
import Processor
import TestSupport
import Testing

@Suite struct LinuxBootTests: KernelLoading {
  let memory: GuestMemory

  init() throws { memory = try GuestMemory(size: 32 << 20) }

  @Test func the_kernel_lies_at_its_preferred_address_and_is_entered_in_long_mode() throws {
    let state = try boot(SmallLinux.make())
    #expect(try memory.bytes(4096, at: 0x100_0000) == Array(SmallLinux.make()[SmallLinux.kernelOffset...]))
    #expect(state.rip == 0x100_0200)
    #expect(state[.rsi] == 0x7000)
    #expect(state.cr0 == 0x8001_0031 && state.cr4 == 0x20 && state.efer == 0x500)
    #expect(state.rflags & 0x200 == 0)
    #expect(state.cs.selector == 0x10 && state.ds.selector == 0x18)
  }

  @Test func page_tables_map_the_first_four_gigabytes_to_themselves() throws {
    let root = GuestAddress(try boot(SmallLinux.make()).cr3)
    for address: UInt64 in [0, 0x20_0000, 0x3FE0_0000, 0xFEE0_0000] {
      let directories = try memory.load(UInt64.self, at: root) & ~0xFFF
      let directory = try memory.load(UInt64.self, at: GuestAddress(directories + address >> 30 * 8)) & ~0xFFF
      let entry = try memory.load(UInt64.self, at: GuestAddress(directory + (address >> 21 & 511) * 8))
      #expect(entry == address & ~0x1F_FFFF | 0x83)
    }
  }

  @Test func a_kernel_without_a_64_bit_entry_is_entered_in_protected_mode() throws {
    let state = try boot(SmallLinux.make { $0.store(UInt16(0), at: 0x236) })
    #expect(state.rip == 0x100_0000)
    #expect(state.cr0 == 0x11 && state.efer == 0)
    #expect(state[.rsi] == 0x7000)
    #expect(state[.rbp] == 0 && state[.rdi] == 0 && state[.rbx] == 0)
    #expect(state.cs == .flatCode32)
  }

  @Test func boot_parameters_carry_the_header_and_nothing_behind_it() throws {
    _ = try boot(SmallLinux.make { $0[0x26C] = 0xEE })
    let page = try memory.bytes(4096, at: 0x7000)
    #expect(page[0x1EF] == 0)
    #expect(page[0x26C] == 0)
    #expect(page[0x1F1] == 2)
    #expect(page[0x210] == 0xFF)
    #expect(page.load(UInt16.self, at: 0x1FA) == 0xFFFF)
    #expect(page.load(UInt32.self, at: 0x214) == 0x100_0000)
  }

  @Test func the_memory_map_is_what_the_machine_has() throws {
    _ = try boot(SmallLinux.make())
    let page = try memory.bytes(4096, at: 0x7000)
    #expect(page[0x1E8] == 6)
    #expect(page.load(UInt64.self, at: 0x2D0) == 0)
    #expect(page.load(UInt64.self, at: 0x2D8) == 0x9_FC00)
    #expect(page.load(UInt32.self, at: 0x2E0) == 1)
    let top = MemoryMap(lowSize: 2 << 30, highSize: 1 << 30).entries.last
    #expect(top == MemoryMap.Entry(start: 1 << 32, count: 1 << 30, kind: .usable))
  }

  @Test func the_BIOS_data_area_tells_where_low_memory_ends() throws {
    _ = try boot(SmallLinux.make())
    #expect(try memory.load(UInt16.self, at: 0x40E) == 0x9FC0)
    #expect(try memory.load(UInt16.self, at: 0x413) == 639)
    #expect(try memory.load(UInt8.self, at: 0x9_FC00) == 1)
  }

  @Test func the_initrd_ends_at_the_top_of_memory() throws {
    let initrd = TemporaryFile([UInt8](repeating: 0x5A, count: 5000))
    _ = try boot(SmallLinux.make()) { $0.initrd = initrd.path }
    let page = try memory.bytes(4096, at: 0x7000)
    #expect(page.load(UInt32.self, at: 0x218) == 0x1FF_E000)
    #expect(page.load(UInt32.self, at: 0x21C) == 5000)
    #expect(try memory.bytes(5000, at: 0x1FF_E000).allSatisfy { $0 == 0x5A })
  }

  @Test("BZ-02 an initrd that is empty, no file, or too large is refused by its name")
  func initrds() throws {
    let empty = TemporaryFile([])
    let large = TemporaryFile([1])
    unsafe truncate(large.path, 1 << 40)
    let tight = TemporaryFile([UInt8](repeating: 1, count: 15 << 20 | 1))
    for path in [empty.path, large.path, tight.path, "/tmp", "/dev/zero", "/nowhere"] {
      let error = #expect(throws: LoadError.self) { try boot(SmallLinux.make()) { $0.initrd = path } }
      #expect(error?.description.hasPrefix(path + ": ") == true)
    }
  }

  @Test("BZ-02 an initrd stays below the kernel's initrd_addr_max")
  func initrdLimit() throws {
    let initrd = TemporaryFile([1, 2, 3])
    _ = try boot(SmallLinux.make { $0.store(UInt32(0x17F_FFFF), at: 0x22C) }) { $0.initrd = initrd.path }
    #expect(try memory.load(UInt32.self, at: 0x7218) == 0x17F_F000)
    #expect(throws: LoadError.self) {
      try boot(SmallLinux.make { $0.store(UInt32(1), at: 0x22C) }) { $0.initrd = initrd.path }
    }
  }

  @Test("BZ-03 a command line is taken up to the kernel's limit and refused beyond", arguments: [0, 1, 0x7FF])
  func commandLine(length: Int) throws {
    let line = String(repeating: "x", count: length)
    _ = try boot(SmallLinux.make()) { $0.commandLine = line }
    #expect(try memory.load(UInt32.self, at: 0x7228) == 0x2_0000)
    #expect(try memory.bytes(length + 1, at: 0x2_0000) == Array(line.utf8) + [0])
  }

  @Test(
    "BZ-03 too long a command line, or one with a NUL, is refused",
    arguments: [
      String(repeating: "x", count: 0x800), String(repeating: "x", count: 1 << 20), "a\0b",
    ])
  func badCommandLine(line: String) {
    let error = #expect(throws: LoadError.self) { try boot(SmallLinux.make()) { $0.commandLine = line } }
    #expect(error?.description.hasPrefix("the kernel command line ") == true)
  }

  @Test func the_random_seed_and_the_root_pointer_are_passed_on() throws {
    _ = try boot(SmallLinux.make()) {
      $0.randomSeed = Array(1...32)
      $0.rootPointer = 0xE_0000
    }
    #expect(try memory.load(UInt64.self, at: 0x7070) == 0xE_0000)
    let node = GuestAddress(try memory.load(UInt64.self, at: 0x7250))
    #expect(try memory.load(UInt64.self, at: node) == 0)
    #expect(try memory.load(UInt32.self, at: node + 8) == 9)
    #expect(try memory.load(UInt32.self, at: node + 12) == 32)
    #expect(try memory.bytes(32, at: node + 16) == Array(1...32))
  }

  @Test("a kernel in gzip starts as it would unpacked, and one in gzip twice is refused")
  func gzip() throws {
    let state = try boot(Gzip.stored(SmallLinux.make()))
    #expect(state.rip == 0x100_0200)
    #expect(try memory.bytes(4096, at: 0x100_0000) == Array(SmallLinux.make()[SmallLinux.kernelOffset...]))
    #expect(throws: LoadError.self) { try boot(Gzip.stored(Gzip.stored(SmallLinux.make()))) }
  }

  @Test("BZ-01 a gzip kernel that is damaged, cut off or larger than RAM is refused")
  func badGzip() {
    let packed = Gzip.stored(SmallLinux.make())
    var damaged = packed
    damaged[packed.count - 6] ^= 1
    let bomb = Gzip.stored([UInt8](repeating: 0, count: 33 << 20))
    for bytes in [damaged, Array(packed.prefix(packed.count / 2)), Array(packed.prefix(10)), bomb] {
      #expect(throws: LoadError.self) { try boot(bytes) }
    }
  }

  @Test("a device tree reaches the kernel in its list of extra facts")
  func deviceTree() throws {
    var tree = DeviceTreeWriter()
    tree.set("model", "test")
    let bytes = try #require(tree.finish())
    let file = TemporaryFile(bytes)
    _ = try boot(SmallLinux.make()) {
      $0.deviceTree = file.path
      $0.randomSeed = [1]
    }
    let seed = GuestAddress(try memory.load(UInt64.self, at: 0x7250))
    let node = GuestAddress(try memory.load(UInt64.self, at: seed))
    #expect(try memory.load(UInt32.self, at: node + 8) == 2)
    #expect(try memory.load(UInt32.self, at: node + 12) == UInt32(bytes.count))
    #expect(try memory.bytes(bytes.count, at: node + 16) == bytes)
  }

  @Test("DT-01 a device tree that is none, damaged or no file is refused by its name")
  func badDeviceTree() throws {
    var tree = try #require(DeviceTreeWriter().finish())
    tree[tree.count - 1] = 4
    let damaged = TemporaryFile(tree)
    let text = TemporaryFile(Array("/dts-v1/;".utf8))
    let empty = TemporaryFile([])
    for path in [damaged.path, text.path, empty.path, "/tmp", "/nowhere"] {
      let error = #expect(throws: LoadError.self) { try boot(SmallLinux.make()) { $0.deviceTree = path } }
      #expect(error?.description.hasPrefix(path + ": ") == true)
    }
  }

  @Test func a_file_of_no_known_kind_is_refused() {
    #expect(throws: LoadError.self) { try boot([UInt8](repeating: 0, count: 10_000)) }
    #expect(throws: LoadError.self) { try boot([]) }
  }
}
