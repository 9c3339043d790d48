import Boot
import GuestRAM
import Host
import Primitives
import Processor
import TestSupport
import Testing

@Suite struct ELFBootTests: KernelLoading {
  let memory: GuestMemory

  init() throws { memory = try GuestMemory(size: 16 << 20) }

  @Test func a_kernel_with_a_PVH_note_is_entered_there_with_its_start_information() throws {
    let initrd = TemporaryFile([7, 7, 7])
    try memory.fill(0xFF, count: 0x3000, at: 0x20_0000)
    let state = try boot(SmallELF.make()) {
      $0.initrd = initrd.path
      $0.commandLine = "quiet"
      $0.rootPointer = 0xE_0000
    }
    #expect(state.rip == 0x20_0020 && state.cr0 == 0x11 && state.cr4 == 0 && state.efer == 0)
    #expect(state.task.limit == 0x67 && state.rflags == 2)
    let info = GuestAddress(state[.rbx])
    #expect(try memory.load(UInt32.self, at: info) == 0x336E_C578)
    #expect(try memory.load(UInt32.self, at: info + 12) == 1)
    let module = GuestAddress(try memory.load(UInt64.self, at: info + 16))
    #expect(try memory.bytes(3, at: GuestAddress(memory.load(at: module))) == [7, 7, 7])
    #expect(try memory.load(UInt64.self, at: module + 8) == 3)
    #expect(try memory.bytes(6, at: GuestAddress(memory.load(at: info + 24))) == Array("quiet\0".utf8))
    #expect(try memory.load(UInt64.self, at: info + 32) == 0xE_0000)
    #expect(try memory.load(UInt32.self, at: info + 48) == 6)
    let second = GuestAddress(try memory.load(UInt64.self, at: info + 40)) + 24
    #expect(try memory.load(UInt64.self, at: second) == 0x9_FC00)
    #expect(try memory.load(UInt32.self, at: second + 16) == 2)
  }

  @Test func memory_behind_the_segment_is_zero_and_what_follows_is_left_alone() throws {
    try memory.fill(0xFF, count: 0x3000, at: 0x20_0000)
    _ = try boot(SmallELF.make())
    #expect(try memory.load(UInt8.self, at: 0x20_0FFF) == 0xFF)
    #expect(try memory.bytes(0x1000, at: 0x20_1000).allSatisfy { $0 == 0 })
    #expect(try memory.load(UInt8.self, at: 0x20_2000) == 0xFF)
  }

  @Test func a_kernel_without_the_note_is_entered_as_Linux_starts() throws {
    let state = try boot(SmallELF.make(note: false))
    #expect(state.rip == SmallELF.entry && state.efer == 0x500 && state[.rsi] == 0x7000)
    #expect(try memory.load(UInt32.self, at: 0x7202) == 0x5372_6448)
  }

  @Test(
    "EL-01 EL-02 EL-03 a lying ELF file is refused by the name of its field",
    arguments: [
      ("EI_CLASS", 4, 3, 1), ("EI_DATA", 5, 2, 1), ("e_machine", 18, 183, 2), ("e_phentsize", 54, 0, 2),
      ("e_phentsize", 54, 57, 2), ("e_phnum", 56, 0, 2), ("e_phnum", 56, 0xFFFF, 2), ("e_phoff", 56, 0xFFFE, 2),
      ("e_phoff", 32, .max, 8), ("e_phoff", 32, 0x2000, 8), ("p_filesz", 64 + 32, .max, 8), ("p_filesz", 64 + 8, .max, 8),
      ("p_filesz", 64 + 32, 0x1001, 8), ("p_memsz", 64 + 40, 0xFFF, 8), ("p_memsz", 64 + 40, .max, 8),
      ("p_paddr", 64 + 40, 1 << 40, 8), ("p_paddr", 64 + 24, 0, 8), ("p_paddr", 64 + 24, 0x7000, 8),
      ("p_paddr", 64 + 24, 0xFF_F000, 8), ("p_paddr", 64 + 24, 0x1_0000_0000, 8), ("e_phnum", 64, 0, 4),
      ("n_namesz", 0x800, 0xFFFF_FFFF, 4), ("n_descsz", 0x804, 0xFFFF_FFFF, 4), ("n_descsz", 0x804, 3, 4),
      ("the PVH entry", 0x810, 0x10_0000, 4), ("the PVH entry", 0x810, 0xFFFF_FFFF, 4),
      ("the last ELF note", 120 + 32, 10, 8), ("p_filesz", 120 + 32, .max, 8),
    ] as [(String, Int, UInt64, Int)])
  func lies(field: String, offset: Int, value: UInt64, size: Int) {
    let kernel = SmallELF.make { bytes in
      for i in 0..<size { bytes[offset + i] = UInt8(truncatingIfNeeded: value >> UInt64(8 * i)) }
    }
    let error = #expect(throws: LoadError.self) { try boot(kernel) }
    guard case .field(_, let name, _)? = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(name == field)
  }

  @Test("EL-01 a file cut at any length is refused")
  func cutOff() {
    let kernel = SmallELF.make()
    for length in Array(0..<200) + Array(stride(from: 200, to: kernel.count, by: 101)) {
      #expect(throws: LoadError.self) { try boot(Array(kernel.prefix(length))) }
    }
  }

  @Test("EL-02 segments may not lie over each other")
  func overlap() {
    let kernel = SmallELF.make {
      SmallELF.header(&$0, at: 120, kind: 1, offset: 0x1000, address: 0x20_1FFF, size: 1, memorySize: 1)
    }
    let error = #expect(throws: LoadError.self) { try boot(kernel) }
    #expect(error?.description.contains(": p_paddr ") == true)
  }
}
