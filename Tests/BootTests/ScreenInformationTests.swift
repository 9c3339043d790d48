@testable import Boot
import Primitives
import Testing

@Suite struct ScreenInformationTests {
  @Test func aKernelFindsTheFramebuffer() {
    var parameters = BootParameters()
    parameters.setRootPointer(0x1234)
    parameters.setScreen(.pixels(at: 0xFD00_0000, width: 1024, height: 768))
    let page = parameters.bytes
    #expect(page[0x0F] == 0x70)
    #expect(page.load(UInt16.self, at: 0x12) == 1024 && page.load(UInt16.self, at: 0x14) == 768)
    #expect(page.load(UInt32.self, at: 0x18) == 0xFD00_0000)
    #expect(page.load(UInt16.self, at: 0x24) == 4096)
    #expect(Array(page[0x26..<0x2E]) == [8, 16, 8, 8, 8, 0, 8, 24])
    #expect(page.load(UInt64.self, at: 0x70) == 0x1234)
  }

  @Test func aKernelFindsATextScreen() {
    var parameters = BootParameters()
    parameters.setScreen(.text)
    #expect(parameters.bytes[0x0F] == 0x22 && parameters.bytes[0x07] == 80 && parameters.bytes[0x0E] == 25)
  }
}
