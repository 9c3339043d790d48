import Primitives
import Testing

@Suite struct AccessWidthTests {
  @Test func anAccessAsksForItsBytesLowestFirst() {
    var asked: [Int] = []
    let value = AccessWidth.dword.value {
      asked.append($0)
      return UInt8(0x11 * ($0 + 1))
    }
    #expect(value == 0x4433_2211)
    #expect(asked == [0, 1, 2, 3])
  }

  @Test(arguments: AccessWidth.allCases) func anAccessHandsOutTheBytesOfItsWidthOnly(_ width: AccessWidth) {
    var bytes: [UInt8] = []
    width.forEachByte(of: 0x8877_6655_4433_2211) { place, byte in
      #expect(place == bytes.count)
      bytes.append(byte)
    }
    #expect(bytes == (1...width.byteCount).map { UInt8(0x11 * $0) })
  }
}
