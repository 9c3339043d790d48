import DeviceModel
import PCI
import Primitives
import Testing

@Suite("Message-signalled interrupts")
struct MSIXTests {
  /// Two vectors, programmed and unmasked.
  private func programmed(_ cycle: inout Cycle) -> MSIX {
    var msix = MSIX(vectors: 2)
    for vector in 0..<2 {
      msix.writeTable(0xFEE0_1000, .qword, at: vector * 16, &cycle)
      msix.writeTable(UInt64(0x40 + vector), .qword, at: vector * 16 + 8, &cycle)
    }
    return msix
  }

  @Test("a vector sends what the guest wrote into the table")
  func sends() {
    var cycle = Cycle(at: .start)
    var msix = programmed(&cycle)
    msix.setControl(0x8000, &cycle)
    msix.raise(1, &cycle)
    #expect(cycle.messages == [MSIMessage(address: 0xFEE0_1000, data: 0x41)])
  }

  @Test("PC-05 a masked vector waits in the pending bits until it is unmasked")
  func masked() {
    var cycle = Cycle(at: .start)
    var msix = programmed(&cycle)
    msix.setControl(0x8000, &cycle)
    msix.writeTable(1, .dword, at: 0x1C, &cycle)
    msix.raise(1, &cycle)
    msix.raise(1, &cycle)
    #expect(cycle.messages.isEmpty)
    #expect(msix.readPending(.qword, at: 0) == 2)
    msix.writeTable(0, .dword, at: 0x1C, &cycle)
    #expect(cycle.messages.count == 1)
    #expect(msix.readPending(.dword, at: 0) == 0)
  }

  @Test("PC-05 a masked function holds all its vectors back")
  func functionMask() {
    var cycle = Cycle(at: .start)
    var msix = programmed(&cycle)
    msix.setControl(0xC000, &cycle)
    msix.raise(0, &cycle)
    msix.raise(1, &cycle)
    #expect(cycle.messages.isEmpty)
    #expect(msix.readPending(.dword, at: 0) == 3)
    msix.setControl(0x8000, &cycle)
    #expect(cycle.messages.map(\.data) == [0x40, 0x41])
  }

  @Test("PC-05 a vector that does not exist is silent", arguments: [2, 3, 0x7FF, 0xFFFF] as [UInt16])
  func noVector(vector: UInt16) {
    var cycle = Cycle(at: .start)
    var msix = programmed(&cycle)
    msix.setControl(0x8000, &cycle)
    msix.raise(vector, &cycle)
    #expect(cycle.messages.isEmpty)
  }

  @Test("PC-04 the table knows whole aligned doublewords and quadwords only")
  func tableWidths() {
    var cycle = Cycle(at: .start)
    var msix = programmed(&cycle)
    msix.writeTable(0xFF, .byte, at: 8, &cycle)
    msix.writeTable(0xFFFF, .word, at: 8, &cycle)
    msix.writeTable(0xFFFF_FFFF, .dword, at: 10, &cycle)
    msix.writeTable(.max, .qword, at: 4, &cycle)
    #expect(msix.readTable(.dword, at: 8) == 0x40)
    #expect(msix.readTable(.byte, at: 8) == 0)
    #expect(msix.readTable(.qword, at: 4) == 0)
  }

  @Test("PC-04 beyond the table there is nothing", arguments: [0x20, 0x24, 0x28, 0xFF8, -4, -8])
  func beyond(offset: Int) {
    var cycle = Cycle(at: .start)
    var msix = programmed(&cycle)
    for width in AccessWidth.allCases {
      msix.writeTable(.max, width, at: offset, &cycle)
      #expect(msix.readTable(width, at: offset) == 0)
      #expect(msix.readPending(width, at: offset) == 0)
    }
  }

  @Test("PC-06 a strange message is only ever handed on as a message")
  func strangeMessage() {
    var cycle = Cycle(at: .start)
    var msix = MSIX(vectors: 1)
    msix.writeTable(0x1234_5678_0000_1003, .qword, at: 0, &cycle)
    msix.writeTable(0xFFFF_FFFF, .qword, at: 8, &cycle)
    msix.setControl(0x8000, &cycle)
    msix.raise(0, &cycle)
    #expect(cycle.messages == [MSIMessage(address: 0x1234_5678_0000_1000, data: 0xFFFF_FFFF)])
  }
}
