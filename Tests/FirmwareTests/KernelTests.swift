import Devices
import FirmwareCore
import GuestRAM
import Primitives
import Synchronization
import Testing

@Suite("A kernel that the board hands over")
struct KernelTests {
  private func start(_ kernel: SmallKernel, ram: UInt64 = 64 << 20) throws -> TestMachine {
    let machine = try TestMachine(ram: ram, items: try TestBoard.items(ram: ram) + kernel.items)
    var firmware = Firmware(machine)
    firmware.start()
    return machine
  }

  @Test("is loaded where it prefers to be and told of memory, tables, initial RAM disk and command line")
  func modern() throws {
    var kernel = SmallKernel()
    kernel.initrd = Array("initial".utf8)
    kernel.commandLine = "console=ttyS0"
    let machine = try start(kernel)
    let started = try #require(machine.record.withLock { $0.kernel })
    #expect(started.entry == 0x100_0000)
    #expect(try machine.memory.bytes(kernel.code.count, at: started.entry) == kernel.code)
    let parameters = try machine.memory.bytes(4096, at: started.parameters)
    #expect(parameters.load(UInt32.self, at: 0x202) == 0x5372_6448)
    #expect(parameters.load(UInt32.self, at: 0x214) == 0x100_0000)
    let initrd = try #require(parameters.load(UInt32.self, at: 0x218))
    #expect(initrd == 0x3FF_F000)
    #expect(try machine.memory.bytes(7, at: GuestAddress(UInt64(initrd))) == kernel.initrd)
    let text = try #require(parameters.load(UInt32.self, at: 0x228))
    #expect(try machine.memory.bytes(14, at: GuestAddress(UInt64(text))) == Array("console=ttyS0".utf8) + [0])
    let count = try #require(parameters.load(UInt8.self, at: 0x1E8))
    let map = parameters[0x2D0..<0x2D0 + Int(count) * 20]
    let expected =
      TestBoard.range(0, 0x9_FC00, 1) + TestBoard.range(0x9_FC00, 0x400, 2) + TestBoard.range(0xE_0000, 0x2_0000, 2)
      + TestBoard.range(0x10_0000, 0x3F0_0000, 1) + TestBoard.range(0xFEFF_C000, 0x4000, 2)
      + TestBoard.range(0xB000_0000, 0x1000_0000, 2)
    #expect(Array(map) == expected)
  }

  @Test("the tables' root that it gets is whole and leads to whole tables")
  func tables() throws {
    let machine = try start(SmallKernel())
    let started = try #require(machine.record.withLock { $0.kernel })
    let root: UInt64 = try machine.memory.load(at: started.parameters + 0x70)
    #expect((0xF_0000...0xF_FFFF).contains(root) && root % 16 == 0)
    let pointer = try machine.memory.bytes(36, at: GuestAddress(root))
    #expect(pointer.starts(with: "RSD PTR ".utf8) && pointer.reduce(0, &+) == 0 && pointer[..<20].reduce(0, &+) == 0)
    let list = GuestAddress(try #require(pointer.load(UInt64.self, at: 24)))
    #expect(try table(list, machine) == "XSDT")
    let first: UInt64 = try machine.memory.load(at: list + 36)
    #expect(try table(GuestAddress(first), machine) == "FACP")
  }

  private func table(_ address: GuestAddress, _ machine: TestMachine) throws -> String {
    let size: UInt32 = try machine.memory.load(at: address + 4)
    let bytes = try machine.memory.bytes(Int(size), at: address)
    #expect(bytes.reduce(0, &+) == 0)
    return String(decoding: bytes.prefix(4), as: UTF8.self)
  }

  @Test("the machine's description is where operating systems search, with both sums right")
  func description() throws {
    let machine = try start(SmallKernel())
    let segment = try machine.memory.bytes(0x1_0000, at: 0xF_0000)
    let place = try #require(stride(from: 0, to: 0x1_0000, by: 16).first { segment[$0...].starts(with: "_SM_".utf8) })
    let anchor = Array(segment[place..<place + 31])
    #expect(anchor.reduce(0, &+) == 0 && anchor[16...].reduce(0, &+) == 0)
    let table = try #require(anchor.load(UInt32.self, at: 24))
    #expect(try machine.memory.load(UInt8.self, at: GuestAddress(UInt64(table))) == 0)
  }

  @Test("one that cannot be where it prefers is loaded as low as it may be")
  func lowest() throws {
    let machine = try start(SmallKernel(), ram: 8 << 20)
    #expect(machine.record.withLock { $0.kernel?.entry } == 0x20_0000)
  }

  @Test("one with an old header has its setup code run in real mode")
  func old() throws {
    let machine = try start(SmallKernel(version: 0x0204))
    let entry = try #require(machine.record.withLock { $0.realMode })
    #expect(entry.segment == 0x1020 && entry.offset == 0 && entry.dataSegment == 0x1000)
    #expect(try machine.memory.load(UInt8.self, at: 0x10_0000) == 0xB0)
  }

  @Test(
    "BZ-01 a broken header gives a sentence and a verdict",
    arguments: [
      (0x1FE, 0x00, "the kernel is not a bzImage"), (0x202, 0x00, "the kernel is not a bzImage"),
      (0x207, 0x01, "the kernel's header is broken"), (0x211, 0x00, "the kernel's header is broken"),
      (0x263, 0x40, "too little memory"), (0x238, 0x03, "the command line is longer"),
    ])
  func broken(offset: Int, value: UInt8, words: String) throws {
    var kernel = SmallKernel()
    kernel.commandLine = "console=ttyS0"
    kernel.setup[offset] = value
    let machine = try start(kernel)
    #expect(machine.console.contains(words))
    #expect(machine.exitCode == 37)
    #expect(machine.record.withLock { $0.kernel == nil })
  }

  @Test("BZ-01 no header, whatever is in it, makes the firmware trap or start nothing silently", arguments: 0..<100)
  func random(seed: Int) throws {
    var kernel = SmallKernel()
    kernel.initrd = [1, 2, 3]
    var state = UInt32(seed) &* 2_654_435_761 | 1
    for _ in 0..<6 {
      state = state &* 1_664_525 &+ 1_013_904_223
      kernel.setup[0x1F1 + Int(state >> 8) % 0x80] = UInt8(truncatingIfNeeded: state >> 24)
    }
    let machine = try start(kernel)
    #expect(machine.record.withLock { $0.kernel != nil || $0.realMode != nil || $0.exitCode != nil })
  }

  @Test("a table loader script that points outside its files gives a verdict", arguments: [60, 64, 116, 120])
  func badScript(offset: Int) throws {
    var items = try TestBoard.items()
    let place = try #require(items.firstIndex { $0.name == .file("etc/table-loader") })
    var script = items[place].content.bytes(0..<items[place].content.count)
    for entry in 2..<script.count / 128 { script.store(UInt32.max, at: entry * 128 + offset) }
    items[place].content = FirmwareContent(script)
    let machine = try TestMachine(items: items + SmallKernel().items)
    var firmware = Firmware(machine)
    firmware.start()
    #expect(machine.exitCode == 39)
  }
}
