import DeviceModel
import DeviceTesting
import Devices
import Primitives
import Testing

@Suite struct UART16550Tests {
  static let data = 0, enable = 1, identification = 2, line = 3, modem = 4, lineStatus = 5, modemStatus = 6

  func receive(_ byte: UInt8, _ bench: inout Bench<UART16550>) -> Bool {
    bench.cycle { $0.receive(byte, &$1) }
  }

  @Test func aWrittenByteGoesToTheHost() {
    var uart = Bench(UART16550())
    uart.write(0x41, Self.data)
    #expect(uart.last.byte == 0x41)
    #expect(uart.read(Self.lineStatus) == 0x60)
  }

  @Test("a break is a byte of nothing, told by the line's status when it is the next to be read")
  func aBreak() {
    var uart = Bench(UART16550())
    uart.write(0x01, Self.identification)
    #expect(receive(1, &uart) && uart.cycle { $0.receiveBreak(&$1) } && receive(2, &uart))
    #expect(uart.read(Self.lineStatus) == 0x61)
    #expect(uart.read(Self.data) == 1 && uart.read(Self.lineStatus) == 0x79)
    #expect(uart.read(Self.data) == 0 && uart.read(Self.lineStatus) == 0x61 && uart.read(Self.data) == 2)
    _ = uart.cycle { $0.receiveBreak(&$1) }
    uart.write(0x03, Self.identification)
    #expect(uart.read(Self.lineStatus) == 0x60)
  }

  @Test func readingIdentifiesAndClearsTransmitInterrupt() {
    var uart = Bench(UART16550())
    uart.write(0x02, Self.enable)
    #expect(uart.line)
    #expect(uart.read(Self.identification) == 0x02)
    #expect(uart.read(Self.identification) == 0x01)
    #expect(!uart.line)
    uart.write(0x41, Self.data)
    #expect(uart.line)
  }

  @Test func aGuestFindsASixteenByteFIFO() {
    var uart = Bench(UART16550())
    #expect(uart.read(Self.identification) == 0x01)
    uart.write(0x01, Self.identification)
    #expect(uart.read(Self.identification) == 0xC1)
    #expect((1...17).map { receive($0, &uart) } == [Bool](repeating: true, count: 16) + [false])
    #expect((1...16).map { _ in uart.read(Self.data) } == Array(1...16))
    #expect(uart.read(Self.lineStatus) == 0x60)
  }

  @Test func withoutFIFOThereIsRoomForOneByte() {
    var uart = Bench(UART16550())
    #expect(receive(0x61, &uart))
    #expect(!receive(0x62, &uart))
    #expect(uart.read(Self.lineStatus) == 0x61)
    #expect(uart.read(Self.data) == 0x61)
    #expect(uart.last.changes.contains(.work), "the host hears that it may try again")
    #expect(receive(0x62, &uart))
  }

  @Test func theTriggerLevelDecidesWhenInputInterrupts() {
    var uart = Bench(UART16550())
    uart.write(0x41, Self.identification)
    uart.write(0x01, Self.enable)
    for byte in 1...3 { _ = receive(UInt8(byte), &uart) }
    #expect(!uart.line)
    _ = receive(4, &uart)
    #expect(uart.line)
    #expect(uart.read(Self.identification) == 0xC4)
    _ = uart.read(Self.data)
    #expect(!uart.line)
  }

  @Test func aFewBytesInterruptAfterFourCharacterTimes() {
    var uart = Bench(UART16550())
    uart.write(0xC1, Self.identification)
    uart.write(0x01, Self.enable)
    _ = receive(0x61, &uart)
    uart.pass(nanoseconds: 347_221)
    #expect(!uart.line)
    uart.pass(nanoseconds: 1)
    #expect(uart.line)
    #expect(uart.read(Self.identification) == 0xCC)
    _ = uart.read(Self.data)
    #expect(!uart.line)
    #expect(uart.device.deadline == nil)
  }

  @Test func clearingTheReceiverDropsItsBytes() {
    var uart = Bench(UART16550())
    uart.write(0x01, Self.identification)
    _ = receive(0x61, &uart)
    uart.write(0x03, Self.identification)
    #expect(uart.read(Self.lineStatus) == 0x60)
  }

  @Test func theDivisorHidesBehindItsLatch() {
    var uart = Bench(UART16550())
    uart.write(0x83, Self.line)
    uart.write(0x0C, Self.data)
    uart.write(0x01, Self.enable)
    #expect(uart.read(Self.data) == 0x0C)
    #expect(uart.read(Self.enable) == 0x01)
    #expect(uart.last.byte == nil)
    uart.write(0x03, Self.line)
    #expect(uart.read(Self.enable) == 0)
  }

  @Test func loopbackReturnsBytesAndModemLines() {
    var uart = Bench(UART16550())
    #expect(uart.read(Self.modemStatus) == 0xB0)
    uart.write(0x1A, Self.modem)
    #expect(uart.read(Self.modemStatus) & 0xF0 == 0x90)
    uart.write(0x5A, Self.data)
    #expect(uart.last.byte == nil)
    #expect(!receive(0x61, &uart), "the line is cut")
    #expect(uart.read(Self.data) == 0x5A)
    uart.write(0x00, Self.modem)
    #expect(uart.last.changes.contains(.work))
  }

  @Test func loopbackOverrunIsALineStatusInterrupt() {
    var uart = Bench(UART16550())
    uart.write(0x04, Self.enable)
    uart.write(0x10, Self.modem)
    uart.write(1, Self.data)
    uart.write(2, Self.data)
    #expect(uart.line)
    #expect(uart.read(Self.identification) == 0x06)
    #expect(uart.read(Self.lineStatus) == 0x63)
    #expect(uart.read(Self.lineStatus) == 0x61)
    #expect(!uart.line)
  }

  @Test func changedModemLinesInterruptUntilRead() {
    var uart = Bench(UART16550())
    uart.write(0x08, Self.enable)
    uart.write(0x10, Self.modem)
    #expect(uart.line)
    #expect(uart.read(Self.identification) == 0x00)
    #expect(uart.read(Self.modemStatus) == 0x0B)
    #expect(!uart.line)
  }

  @Test func resetForgetsEverything() {
    var uart = Bench(UART16550())
    uart.hammer(byteCount: 8, rounds: 200)
    uart.device.reset()
    #expect((0..<8).map { uart.read($0) } == [0, 0, 1, 0, 0, 0x60, 0xB0, 0])
  }

  @Test("SE-01 any width, offset, divisor and flood is answered")
  func hammering() {
    var uart = Bench(UART16550())
    uart.write(0x80, Self.line)
    uart.write(0, 0, .word)
    uart.write(0, Self.line)
    uart.write(0x10, Self.modem)
    for _ in 0..<1_000 { uart.write(0xFF, Self.data, .qword) }
    uart.hammer(byteCount: 8)
    #expect(uart.read(7, .qword) >> 8 == 0xFF_FFFF_FFFF_FFFF)
  }

  @Test("SE-02 an interrupt nobody serves is one steady level")
  func unservedInterrupt() {
    var uart = Bench(UART16550())
    uart.write(0x0F, Self.enable)
    #expect(uart.line)
    for _ in 0..<100 {
      uart.write(0x41, Self.data)
      #expect(uart.last.interrupt == nil)
    }
    #expect(uart.pass(nanoseconds: 1_000_000_000) == 0)
  }
}
