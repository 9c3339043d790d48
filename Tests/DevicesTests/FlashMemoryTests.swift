import DeviceModel
import DeviceTesting
import Devices
import Primitives
import Synchronization
import Testing

/// Keeps what a chip holds, until it is full.
private final class Shelf: Sendable {
  private let box = Mutex([Int: UInt8]())
  var kept: [Int: UInt8] { box.withLock { $0 } }
  let isFull: Bool
  init(isFull: Bool = false) { self.isFull = isFull }

  func keep(_ bytes: [UInt8], at offset: Int) -> Bool {
    guard !isFull else { return false }
    box.withLock { kept in for (index, byte) in bytes.enumerated() { kept[offset + index] = byte } }
    return true
  }
}

/// A chip whose bytes are kept on a shelf.
private struct ShelvedChip {
  private var bench: Bench<FlashMemory>
  private let shelf: Shelf

  init(_ bytes: [UInt8], on shelf: Shelf) {
    bench = Bench(FlashMemory(bytes))
    self.shelf = shelf
  }

  var device: FlashMemory {
    get { bench.device }
    set { bench.device = newValue }
  }
  var last: Cycle { bench.last }

  mutating func read(_ offset: Int, _ width: AccessWidth = .byte) -> UInt64 { bench.read(offset, width) }

  mutating func write(_ value: UInt64, _ offset: Int, _ width: AccessWidth = .byte) {
    bench.write(value, offset, width)
    for case .store(let bytes, let offset) in bench.last.effects where !shelf.keep(bytes, at: offset) {
      bench.cycle { chip, cycle in chip.storeFailed(&cycle) }
    }
  }
}

@Suite struct FlashMemoryTests {
  static let size = 2 * FlashMemory.blockSize
  private let shelf = Shelf()

  private func chip(_ byte: UInt8 = 0xFF, in shelf: Shelf? = nil) -> ShelvedChip {
    ShelvedChip([UInt8](repeating: byte, count: Self.size), on: shelf ?? self.shelf)
  }

  @Test func firmware_recognizes_flash_by_the_status_in_place_of_its_byte() {
    var chip = chip(0x10)
    chip.write(0x50, 0x10)
    chip.write(0x70, 0x10)
    #expect(chip.last.changes.contains(.memoryMap))
    #expect(!chip.device.showsArray)
    #expect(chip.read(0x10) == 0)
    chip.write(0xFF, 0x10)
    #expect(chip.last.changes.contains(.memoryMap))
    #expect(chip.device.showsArray)
    #expect(chip.read(0x10) == 0x10)
  }

  @Test(arguments: [0x10, 0x40] as [UInt64]) func a_byte_is_programmed_and_kept(command: UInt64) {
    var chip = chip()
    chip.write(command, 7)
    chip.write(0x5A, 7)
    #expect(chip.read(7) == 0x80)
    chip.write(0xFF, 7)
    #expect(chip.read(7) == 0x5A)
    #expect(shelf.kept == [7: 0x5A])
  }

  @Test func programming_clears_bits_and_an_erase_sets_those_of_its_block() {
    var chip = chip(0x0F)
    chip.write(0x40, 0)
    chip.write(0xF1, 0)
    chip.write(0xFF, 0)
    #expect(chip.read(0) == 0x01)
    chip.write(0x20, 9)
    chip.write(0xD0, 9)
    chip.write(0xFF, 0)
    #expect(chip.read(0, .qword) == .max)
    #expect(chip.read(FlashMemory.blockSize) == 0x0F)
  }

  @Test func what_is_written_outlives_a_reset_and_a_command_does_not() {
    var chip = chip()
    chip.write(0x40, 3)
    chip.write(0x33, 3)
    chip.device.reset()
    #expect(chip.device.showsArray)
    #expect(chip.read(3) == 0x33)
  }

  @Test("FL-01 each width programs all of its bytes", arguments: [AccessWidth.byte, .word, .dword, .qword])
  func widths(width: AccessWidth) {
    var chip = chip()
    chip.write(0x40, 0x100, width)
    chip.write(0x8877_6655_4433_2211, 0x100, width)
    chip.write(0xFF, 0x100)
    #expect(chip.read(0x100, width) == 0x8877_6655_4433_2211 & width.mask)
    #expect(chip.read(0x100 + width.byteCount) == 0xFF)
  }

  @Test func it_says_what_it_is() {
    var chip = chip(0x5A)
    chip.write(0x90, 0)
    #expect((0..<3).map { chip.read($0) } == [0x89, 0x18, 0])
    chip.write(0x98, 0x55)
    #expect((0x10...0x15).map { UInt8(truncatingIfNeeded: chip.read($0)) } == Array("QRY".utf8) + [1, 0, 0])
    // 2^13 bytes in one region of two blocks of 16 * 256.
    #expect(chip.read(0x27) == 13)
    #expect((0x2C...0x30).map { chip.read($0) } == [1, 1, 0, 16, 0])
    #expect(chip.read(0xFF_FFFF) == 0)
    chip.write(0xFF, 0)
    #expect(chip.read(0x10) == 0x5A)
  }

  @Test("FL-01 programming over the end is an error and changes nothing")
  func overTheEnd() {
    var chip = chip()
    chip.write(0x40, Self.size - 1, .qword)
    chip.write(0, Self.size - 1, .qword)
    #expect(chip.read(0) == 0x90)
    #expect(shelf.kept.isEmpty)
  }

  @Test("FL-01 the last block can be erased, and none behind it")
  func lastBlock() {
    var chip = chip(0)
    chip.write(0x20, Self.size - 1)
    chip.write(0xD0, Self.size - 1)
    #expect(chip.read(0) == 0x80)
    chip.write(0xFF, 0)
    #expect(chip.read(Self.size - 1) == 0xFF)
    #expect(chip.read(FlashMemory.blockSize - 1) == 0)
    chip.write(0x20, Self.size)
    chip.write(0xD0, Self.size)
    #expect(chip.read(0) == 0xA0)
  }

  @Test("FL-01 a buffer is programmed when it is confirmed")
  func buffer() {
    var chip = chip()
    chip.write(0xE8, 0x20)
    chip.write(1, 0x20)
    chip.write(0x11, 0x20)
    chip.write(0x22, 0x21)
    #expect(shelf.kept.isEmpty)
    chip.write(0xD0, 0x20)
    #expect(chip.read(0) == 0x80)
    #expect(shelf.kept == [0x20: 0x11, 0x21: 0x22])
  }

  @Test("FL-01 a count beyond the buffer, or data of another block, is a sequence error")
  func badBuffer() {
    var chip = chip()
    chip.write(0xE8, 0)
    chip.write(0xFF, 0)
    #expect(chip.read(0) == 0xB0)
    chip.write(0x50, 0)
    chip.write(0xE8, 0)
    chip.write(0, 0)
    chip.write(0x11, FlashMemory.blockSize)
    #expect(chip.read(0) == 0xB0)
    #expect(shelf.kept.isEmpty)
  }

  @Test("FL-01 an erase that is not confirmed erases nothing")
  func unconfirmedErase() {
    var chip = chip(0)
    chip.write(0x20, 0)
    chip.write(0xFF, 0)
    #expect(chip.read(0) == 0xB0)
    chip.write(0xFF, 0)
    #expect(chip.read(0) == 0)
  }

  @Test("FL-01 any write after any command leaves a chip that read-array brings back")
  func interleaved() {
    for first: UInt64 in [0x00, 0x10, 0x20, 0x40, 0x50, 0x60, 0x70, 0x90, 0x98, 0xD0, 0xE8, 0xFF] {
      for second in 0...0xFF as ClosedRange<UInt64> {
        var chip = chip()
        chip.write(first, 0)
        chip.write(second, Self.size - 1, .qword)
        _ = chip.read(Self.size - 1, .qword)
        // The longest sequence is a buffer: its data, and its confirmation.
        for _ in 0..<34 { chip.write(0xFF, 0) }
        #expect(chip.device.showsArray)
      }
    }
  }

  @Test("FL-03 what the host cannot keep is a program error for the guest, and is not there")
  func fullHost() {
    var chip = chip(in: Shelf(isFull: true))
    chip.write(0x40, 0)
    chip.write(0, 0)
    #expect(chip.last.complaint != nil)
    #expect(chip.read(0) == 0x90)
    chip.write(0x20, 0)
    chip.write(0xD0, 0)
    #expect(chip.read(0) == 0xB0)
    chip.write(0xFF, 0)
    #expect(chip.read(0) == 0xFF)
  }
}
