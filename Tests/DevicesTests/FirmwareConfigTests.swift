import DeviceModel
import DeviceTesting
import Devices
import Primitives
import Synchronization
import Testing

/// 64 KiB of RAM at address 0, and nothing else.
private final class SmallRAM: DirectMemory {
  let bytes = Mutex([UInt8](repeating: 0xCC, count: 0x1_0000))

  func contains(_ address: GuestAddress, count: Int) -> Bool {
    address.value <= 0x1_0000 && count >= 0 && count <= 0x1_0000 - Int(address.value)
  }

  func copy(_ count: Int, from address: GuestAddress) -> [UInt8]? {
    guard contains(address, count: count) else { return nil }
    return bytes.withLock { Array($0[Int(address.value)..<(Int(address.value) + count)]) }
  }

  func put(_ new: [UInt8], at address: GuestAddress) -> Bool {
    guard contains(address, count: new.count) else { return false }
    bytes.withLock { bytes in
      for (offset, byte) in new.enumerated() { bytes[Int(address.value) + offset] = byte }
    }
    return true
  }
}

@Suite struct FirmwareConfigTests {
  static let selector = 0, data = 1, dmaHigh = 4, dmaLow = 8

  private func board(_ extra: [FirmwareItem] = [], memory: any DirectMemory = SmallRAM()) throws -> Bench<FirmwareConfig> {
    bench(try FirmwareShelf(cpuCount: 3, memorySize: 5 << 30, extra: extra), memory)
  }

  /// The device, and somebody who takes from the shelf what it asks for.
  private func bench(_ shelf: FirmwareShelf, _ memory: any DirectMemory) -> Bench<FirmwareConfig> {
    Bench(FirmwareConfig(memory: memory)) { device, cycle in
      while let request = device.request { device.complete(request, with: shelf.bytes(request), &cycle) }
    }
  }

  func item(_ key: UInt64, _ count: Int, _ bench: inout Bench<FirmwareConfig>) -> [UInt8] {
    bench.write(key, Self.selector, .word)
    return (0..<count).map { _ in UInt8(truncatingIfNeeded: bench.read(Self.data)) }
  }

  @Test func firmwareRecognisesTheInterface() throws {
    var config = try board()
    #expect(item(0x00, 6, &config) == Array("QEMU".utf8) + [0, 0])
    #expect(item(0x01, 4, &config) == [3, 0, 0, 0])
    #expect(config.read(Self.dmaHigh, .dword) == 0x554D_4551)
    #expect(config.read(Self.dmaLow, .dword) == 0x4746_4320)
  }

  @Test func theBoardDescribesItself() throws {
    var config = try board()
    #expect(item(0x04, 2, &config) == [1, 0])
    #expect(item(0x05, 2, &config) == [3, 0])
    #expect(item(0x03, 8, &config) == [0, 0, 0, 0x40, 1, 0, 0, 0], "B16 the size of RAM, 5 GiB")
    #expect(item(0x0F, 2, &config) == [3, 0])
    #expect(item(0x8002, 4, &config) == [1, 0, 0, 0])
  }

  @Test func filesAreListedByNameInBigEndian() throws {
    var config = try board([
      .init(.file("etc/e820"), [1, 2, 3]), .init(.key(0x08), [9]), .init(.file("bootorder"), [4]),
    ])
    let entry = item(0x19, 4 + 128, &config)
    #expect(entry[0..<4] == [0, 0, 0, 2])
    #expect(entry[4..<12] == [0, 0, 0, 1, 0, 0x20, 0, 0])
    #expect(entry[12..<22] == Array("bootorder".utf8 + [0])[...])
    #expect(entry[68..<76] == [0, 0, 0, 3, 0, 0x21, 0, 0])
    #expect(item(0x20, 1, &config) == [4])
    #expect(item(0x21, 3, &config) == [1, 2, 3])
    #expect(item(0x08, 1, &config) == [9])
  }

  @Test func selectingStartsFromTheBeginning() throws {
    var config = try board([.init(.file("a"), [1, 2, 3])])
    #expect(item(0x20, 2, &config) == [1, 2])
    #expect(item(0x20, 3, &config) == [1, 2, 3])
    config.device.reset()
    #expect(config.read(Self.data) == 0x51)
  }

  @Test func aFileKeepsItsSizeWhenItsContentMoves() throws {
    var shelf = try FirmwareShelf(cpuCount: 1, memorySize: 1 << 20, extra: [.init(.file("etc/table-loader"), [1, 2])])
    var device = FirmwareConfig(memory: SmallRAM())
    var cycle = Cycle(at: .start)
    func next() -> UInt8 {
      while let request = device.request { device.complete(request, with: shelf.bytes(request), &cycle) }
      return UInt8(truncatingIfNeeded: device.read(.byte, at: Self.data, &cycle))
    }
    device.write(0x20, .word, at: Self.selector, &cycle)
    #expect(next() == 1)
    let replaced = [shelf.replace("etc/table-loader", with: [3, 4]), shelf.replace("etc/table-loader", with: [5])]
    #expect(replaced == [true, false])
    let unknown = shelf.replace("other", with: [])
    #expect(!unknown)
    // What was read ahead does not count any more.
    device.itemsChanged(&cycle)
    #expect([next(), next()] == [4, 0])
  }

  @Test func badFileNamesAreRefusedBeforePowerOn() {
    let tooLong = String(repeating: "x", count: 56)
    for name in ["", tooLong, "päth", "a b"] {
      #expect(throws: FirmwareConfigError.badName(name)) { try board([.init(.file(name), [])]) }
    }
    #expect(throws: FirmwareConfigError.duplicate("a")) {
      try board([.init(.file("a"), []), .init(.file("a"), [])])
    }
  }

  /// A file of the host that has become two bytes shorter.
  private static let shrunkenFile = FirmwareContent(atMost: 10_000, count: { 10_000 }) { range in
    range.filter { $0 < 9998 }.map { UInt8(truncatingIfNeeded: $0 / 3) }
  }

  @Test func a_file_of_the_host_is_read_as_the_guest_asks_for_it() throws {
    let ram = SmallRAM()
    let shelf = try FirmwareShelf(cpuCount: 1, memorySize: 1 << 20, extra: [.init(.key(0x11), Self.shrunkenFile)])
    var config = bench(shelf, ram)
    let expected = (0..<10_000).map { $0 < 9998 ? UInt8(truncatingIfNeeded: $0 / 3) : 0 }
    #expect(item(0x11, 10_000, &config) == expected)
    #expect(config.read(Self.data) == 0)
    #expect(dma(0x11_000A, count: 10_000, address: 0x2000, ram, &config) == [0, 0, 0, 0])
    #expect(ram.copy(10_000, from: 0x2000) == expected)
    // Bytes one by one, then the rest in one transfer, then none.
    #expect(item(0x11, 5000, &config) == Array(expected[..<5000]))
    #expect(dma(2, count: 5001, address: 0x2000, ram, &config) == [0, 0, 0, 0])
    #expect(ram.copy(5001, from: 0x2000) == Array(expected[5000...]) + [0])
  }

  // MARK: DMA

  /// Puts a control block at 0x1000, starts it, and returns the control word afterwards.
  func dma(_ control: UInt32, count: UInt32, address: UInt64, _ ram: any DirectMemory, _ bench: inout Bench<FirmwareConfig>)
    -> [UInt8]?
  {
    var block: [UInt8] = []
    block.append(littleEndian: control.byteSwapped)
    block.append(littleEndian: count.byteSwapped)
    block.append(littleEndian: address.byteSwapped)
    _ = ram.put(block, at: 0x1000)
    bench.write(0, Self.dmaHigh, .dword)
    bench.write(UInt64(UInt32(0x1000).byteSwapped), Self.dmaLow, .dword)
    return ram.copy(4, from: 0x1000)
  }

  @Test func oneTransferSelectsAndReads() throws {
    let ram = SmallRAM()
    var config = try board([.init(.file("a"), [1, 2, 3])], memory: ram)
    #expect(dma(0x20_000A, count: 5, address: 0x2000, ram, &config) == [0, 0, 0, 0])
    #expect(ram.copy(6, from: 0x2000) == [1, 2, 3, 0, 0, 0xCC])
  }

  @Test func skippingMovesOnInTheItem() throws {
    let ram = SmallRAM()
    var config = try board([.init(.file("a"), [1, 2, 3])], memory: ram)
    #expect(dma(0x20_000C, count: 2, address: 0, ram, &config) == [0, 0, 0, 0])
    #expect(config.read(Self.data) == 3)
    #expect(dma(0x04, count: .max, address: 0, ram, &config) == [0, 0, 0, 0])
    #expect(config.read(Self.data) == 0)
  }

  @Test(
    "FW-01 a transfer that leaves RAM, wraps or writes is reported as an error",
    arguments: [
      (0x20_000A, 3, 0xFFFE), (0x20_000A, .max, 0x2000), (0x20_000A, 3, .max), (0x20_000A, .max, .max),
      (0x20_0018, 1, 0x2000), (0x20_000A, 1, 0xFEE0_0000),
    ] as [(UInt32, UInt32, UInt64)])
  func badTransfers(control: UInt32, count: UInt32, address: UInt64) throws {
    let ram = SmallRAM()
    var config = try board([.init(.file("a"), [1, 2, 3])], memory: ram)
    #expect(dma(control, count: count, address: address, ram, &config) == [0, 0, 0, 1])
    #expect(ram.copy(3, from: 0x2000) == [0xCC, 0xCC, 0xCC])
    #expect(dma(0x20_000A, count: 3, address: 0x2000, ram, &config) == [0, 0, 0, 0])
  }

  @Test("FW-01 a control block outside RAM changes nothing")
  func badControlBlock() throws {
    let ram = SmallRAM()
    var config = try board(memory: ram)
    config.write(0xFFFF_FFFF, Self.dmaHigh, .dword)
    config.write(0xFFFF_FFFF, Self.dmaLow, .dword)
    config.write(UInt64(UInt32(0xFFF8).byteSwapped), Self.dmaLow, .dword)
    #expect(ram.bytes.withLock { $0.allSatisfy { $0 == 0xCC } })
  }

  /// RAM without end that holds a control block and counts what is written elsewhere.
  private final class EndlessRAM: DirectMemory {
    let state = Mutex((block: [UInt8](repeating: 0, count: 16), copied: 0))
    func contains(_ address: GuestAddress, count: Int) -> Bool { true }
    func copy(_ count: Int, from address: GuestAddress) -> [UInt8]? { state.withLock { Array($0.block.prefix(count)) } }
    func put(_ bytes: [UInt8], at address: GuestAddress) -> Bool {
      state.withLock {
        if address == 0x1000 { $0.block.replaceSubrange(0..<bytes.count, with: bytes) } else { $0.copied += bytes.count }
      }
      return true
    }
  }

  @Test("FW-01 a transfer of gigabytes keeps nobody waiting: it goes on visit by visit, one transfer at a time")
  func longTransfer() throws {
    let ram = EndlessRAM()
    var config = try board([.init(.file("a"), [1, 2, 3])], memory: ram)
    #expect(dma(0x20_000A, count: 40 << 20, address: 0x2000, ram, &config) == [0, 0x20, 0, 0x0A])
    #expect(ram.state.withLock { $0.copied } == 16 << 20)
    #expect(dma(0x20_000A, count: 1, address: 0x2000, ram, &config) == [0, 0x20, 0, 0x0A])
    #expect(config.device.deadline == .start)
    for _ in 0..<2 { config.cycle { $0.advance(&$1) } }
    #expect(ram.copy(4, from: 0x1000) == [0, 0, 0, 0])
    #expect(ram.state.withLock { $0.copied } == 40 << 20)
    #expect(config.device.deadline == nil)
    _ = dma(0x20_000A, count: .max, address: 0x2000, ram, &config)
    config.device.reset()
    #expect(config.device.deadline == nil)
  }

  @Test("FW-01 a transfer onto its own control block completes")
  func transferOntoControlBlock() throws {
    let ram = SmallRAM()
    var config = try board([.init(.file("a"), [UInt8](repeating: 0xFF, count: 16))], memory: ram)
    #expect(dma(0x20_000A, count: 16, address: 0x1000, ram, &config) == [0, 0, 0, 0])
  }

  @Test("FW-01 every key reads, zeros where there is nothing")
  func unknownKeys() throws {
    var config = try board()
    for key in UInt64(0x1A)...0xFFFF where !(0x8000...0x8003).contains(key & 0xBFFF) && key & 0xBFFF > 0x19 {
      #expect(item(key, 1, &config) == [0])
    }
  }

  @Test("FW-01 any access is answered")
  func hammering() throws {
    let ram = SmallRAM()
    var config = try board([.init(.file("a"), [1, 2, 3])], memory: ram)
    config.hammer(byteCount: 12, rounds: 20_000)
    #expect(item(0x00, 5, &config) == Array("QEMU".utf8) + [0])
    #expect(config.read(Self.data, .dword) == 0x51FF_FF00)
  }

  /// Makes its bytes when somebody asks for them, or how many there are.
  private final class Maker: Sendable {
    let hasMade = Mutex(false)
    var bytes: [UInt8] {
      hasMade.withLock { $0 = true }
      return [1, 2]
    }
  }

  @Test("what firmware never looks at is never made")
  func madeWhenRead() throws {
    let maker = Maker()
    let made = FirmwareContent(atMost: 100, count: { maker.bytes.count }, bytes: { Array(maker.bytes[$0]) })
    var config = bench(try FirmwareShelf(cpuCount: 1, memorySize: 1 << 20, extra: [.init(.file("made"), made)]), SmallRAM())
    #expect(config.read(Self.data) == 0x51)
    #expect(!maker.hasMade.withLock { $0 })
    #expect(item(0x20, 1, &config) == [1])
    #expect(maker.hasMade.withLock { $0 })
  }
}
