import Assembler
import TestSupport
import Testing

@Suite("Instructions of the host") struct EncodingTests {
  @Test("a load from GS has its distance in four bytes")
  func gs() {
    var asm = Assembler()
    asm.load(.rax, .gs(0x1234))
    #expect(asm.bytes == [0x65, 0x48, 0x8B, 0x04, 0x25, 0x34, 0x12, 0, 0])
  }
}
