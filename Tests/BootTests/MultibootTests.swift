import Boot
import GuestRAM
import Host
import Primitives
import TestSupport
import Testing

@Suite struct MultibootTests {
  let memory: GuestMemory

  init() throws { memory = try GuestMemory(size: 16 << 20) }

  /// A flat file: header at 16, 4 KiB loaded at an address, and zeroes behind it.
  static func flat(flags: UInt32 = 1 << 16, at start: UInt32 = 0x10_0000, memorySize: UInt32 = 0x2000, _ change: (inout [UInt32]) -> Void = { _ in }) -> [UInt8] {
    var words: [UInt32] = [0x1BAD_B002, flags, 0, start + 0x10, start, start + 0x1000, start + memorySize, start + 0x100]
    words[2] = 0 &- words[0] &- words[1]
    change(&words)
    var bytes = [UInt8](repeating: 0x90, count: 16)
    for word in words { bytes.append(littleEndian: word) }
    return bytes + [UInt8](repeating: 0x90, count: 0x1000 - bytes.count)
  }

  /// The kernel in pieces, put where our firmware puts them.
  private func place(_ kernel: [UInt8], _ change: (inout LoadRequest) -> Void = { _ in }) throws -> MultibootKernel {
    let file = TemporaryFile(kernel)
    var request = LoadRequest(kernel: file.path)
    change(&request)
    let kernel = try MultibootKernel(request, lowSize: memory.lowSize)
    for piece in kernel.pieces {
      let address = GuestAddress(piece.address)
      switch piece.content {
      case .bytes(let bytes): try memory.write(bytes, at: address)
      case .file(let file, let start, let count): try memory.write(file.bytes(at: start, count: Int(count)), at: address)
      }
      try memory.fill(0, count: Int(piece.zeroes), at: address + Int(piece.size - piece.zeroes))
    }
    return kernel
  }

  private func text(at address: UInt32) throws -> String {
    let bytes = try memory.bytes(512, at: GuestAddress(UInt64(address)))
    return String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
  }

  /// The modules of a placed kernel: what is in them, and their strings.
  private func modules(of kernel: MultibootKernel) throws -> [([UInt8], String)] {
    let information = GuestAddress(kernel.information)
    let table = GuestAddress(UInt64(try memory.load(UInt32.self, at: information + 24)))
    return try (0..<Int(memory.load(UInt32.self, at: information + 20))).map { number in
      let start = try memory.load(UInt32.self, at: table + 16 * number)
      let end = try memory.load(UInt32.self, at: table + 16 * number + 4)
      #expect(start % 4096 == 0)
      return (
        try memory.bytes(Int(end - start), at: GuestAddress(UInt64(start))),
        try text(at: memory.load(UInt32.self, at: table + 16 * number + 8))
      )
    }
  }

  @Test func a_flat_kernel_lies_where_its_header_says() throws {
    try memory.fill(0xFF, count: 0x3000, at: 0x10_0000)
    #expect(try place(Self.flat()).entry == 0x10_0100)
    #expect(try memory.bytes(0x1000, at: 0x10_0000) == Self.flat())
    #expect(try memory.bytes(0x1000, at: 0x10_1000).allSatisfy { $0 == 0 })
    #expect(try memory.load(UInt8.self, at: 0x10_2000) == 0xFF)
  }

  @Test("C1 a kernel may lie below 1 MiB, and what it is told is not in its way")
  func low() throws {
    let kernel = try place(Self.flat(at: 0x1_0000, memorySize: 0x8_0000))
    #expect(kernel.entry == 0x1_0100)
    #expect(try memory.bytes(0x1000, at: 0x1_0000) == Self.flat(at: 0x1_0000, memorySize: 0x8_0000))
    #expect(kernel.information >= 0x10_0000)
  }

  @Test("C1 a kernel over the BIOS or its data is refused", arguments: [0, 0x9_F000, 0xF_F000])
  func overBIOS(address: UInt32) {
    let error = #expect(throws: LoadError.self) {
      try place(Self.flat(at: address))
    }
    #expect(error?.description.contains("where a PC keeps its BIOS") == true)
  }

  @Test("C1 each module has its string, in QEMU's spelling, too, and the command line begins with the kernel's name")
  func strings() throws {
    let (first, second, third) = (TemporaryFile([1, 2, 3, 4]), TemporaryFile([5]), TemporaryFile([6, 7]))
    var name = ""
    let kernel = try place(Self.flat()) {
      $0.modules = ["\(first.path) console=hvc0 quiet"]
      $0.initrd = "\(second.path) a,,b,\(third.path)"
      $0.commandLine = "debug"
      name = $0.kernel
    }
    let information = GuestAddress(kernel.information)
    #expect(try memory.load(UInt32.self, at: information) == 0x20C)
    #expect(try text(at: memory.load(UInt32.self, at: information + 16)) == "\(name) debug")
    #expect(try text(at: memory.load(UInt32.self, at: information + 64)) == "swboot")
    let modules = try modules(of: kernel)
    #expect(modules.map(\.0) == [[1, 2, 3, 4], [5], [6, 7]])
    #expect(modules.map(\.1) == ["\(first.path) console=hvc0 quiet", "\(second.path) a,b", third.path])
  }

  @Test("C1 a module that is too large for RAM is refused by its name")
  func largeModule() throws {
    let module = TemporaryFile([UInt8](repeating: 1, count: 15 << 20))
    let error = #expect(throws: LoadError.self) { try place(Self.flat()) { $0.modules = [module.path] } }
    #expect(error?.description.hasPrefix(module.path) == true)
  }

  private static func elf(_ change: (inout [UInt8]) -> Void = { _ in }) -> [UInt8] {
    SmallELF.make {
      $0.store(UInt32(0x1BAD_B002), at: 0x400)
      $0.store(UInt32(3), at: 0x404)
      $0.store(0 &- UInt32(0x1BAD_B005), at: 0x408)
      change(&$0)
    }
  }

  @Test func an_ELF_kernel_with_the_header_is_Multiboot_even_if_it_could_be_started_otherwise() throws {
    let (multiboot, other) = (TemporaryFile(Self.elf()), TemporaryFile(SmallELF.make()))
    #expect(try MultibootKernel.isIn(HostFile(path: multiboot.path)))
    #expect(try !MultibootKernel.isIn(HostFile(path: other.path)))
    #expect(try place(Self.elf()).entry == SmallELF.entry)
  }

  @Test("C1 an entry at a virtual address, as GNU Mach's, is where its segment lies in RAM")
  func virtualEntry() throws {
    let kernel = try place(
      Self.elf {
        $0.store(UInt64(0xC020_0010), at: 24)
        $0.store(UInt64(0xC020_0000), at: 64 + 16)
      })
    #expect(kernel.entry == SmallELF.entry)
  }

  @Test("C1 an entry in no segment is refused")
  func strayEntry() {
    let error = #expect(throws: LoadError.self) { try place(Self.elf { $0.store(UInt64(0x30_0000), at: 24) }) }
    #expect(error?.description.contains("e_entry") == true)
  }

  @Test(
    "EL-02 a lying Multiboot header is refused by the name of its field",
    arguments: [
      ("load_addr", 4, 0x10_0011), ("load_addr", 3, 0x10_0011), ("load_end_addr", 5, 0x10_1001),
      ("load_end_addr", 5, 0x0F_FFFF), ("bss_end_addr", 6, 0x10_0FFF), ("entry_addr", 7, 0x10_2000),
      ("entry_addr", 7, 0),
    ] as [(String, Int, UInt32)])
  func lies(field: String, index: Int, value: UInt32) {
    let error = #expect(throws: LoadError.self) { try place(Self.flat { $0[index] = value }) }
    #expect(error?.description.contains(": Multiboot \(field) ") == true)
  }

  @Test("EL-02 a kernel that wants more RAM than there is is refused")
  func tooLarge() {
    let error = #expect(throws: LoadError.self) { try place(Self.flat { $0[6] = 0xFFFF_FFFF }) }
    #expect(error?.description.contains("but RAM ends at 0x1000000") == true)
  }

  @Test func unknown_demands_and_a_missing_address_are_refused() {
    for flags: UInt32 in [1 << 16 | 1 << 3, 0] {
      let error = #expect(throws: LoadError.self) { try place(Self.flat(flags: flags)) }
      #expect(error?.description.contains(": Multiboot flags ") == true)
    }
  }
}
