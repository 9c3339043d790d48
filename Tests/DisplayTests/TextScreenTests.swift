@testable import Display
import GuestRAM
import PCI
import PCIBus
import Primitives
import SystemBus
import Testing

@Suite struct TextScreenTests {
  private let grey = Color(red: 0xAA, green: 0xAA, blue: 0xAA)
  private let blue = Color(red: 0, green: 0, blue: 0xAA)

  @Test func aCellIsDrawnWithItsLetterAndItsColours() throws {
    let bench = try DisplayBench()
    // "T", grey on blue.
    try bench.memory.write([0x54, 0x17], at: Platform.textScreen)
    bench.bus.write(0x200A, .word, to: 0x3D4 as Port)
    let picture = bench.picture
    #expect(picture.width == 640 && picture.height == 400)
    let drawn = (0..<16).map { y in String((0..<8).map { picture[$0, y] == grey ? "#" : picture[$0, y] == blue ? "." : "?" }) }
    let bar = [".#######"]
    let stem = [String](repeating: "....#...", count: 9)
    let empty = [String](repeating: "........", count: 2)
    #expect(drawn == empty + bar + stem + empty + empty)
  }

  @Test func theCursorIsAnUnderline() throws {
    let bench = try DisplayBench()
    try bench.memory.write([0x20, 0x07], at: Platform.textScreen)
    #expect(bench.picture[0, 14] == grey)
    #expect(bench.picture[0, 10] == Color(red: 0, green: 0, blue: 0))
  }

  @Test func theStartAddressScrolls() throws {
    let bench = try DisplayBench()
    try bench.memory.write(Array("A\u{7}B\u{7}".utf8), at: Platform.textScreen + 160)
    for (number, value) in [(0x0C, 0), (0x0D, 80)] as [(UInt64, UInt64)] {
      bench.bus.write(value << 8 | number, .word, to: 0x3D4 as Port)
    }
    guard case .text(let screen) = bench.display.inspect({ $0.screen }) else { return }
    #expect(screen.lines(in: bench.memory)[0].hasPrefix("AB "))
  }

  @Test func framesMeetAtTheirCorners() {
    // The upper left corner goes right and down.
    #expect(Font.line(7, of: 0xDA) == 0x0F)
    #expect(Font.line(15, of: 0xDA) == 0x08)
    #expect(Font.line(0, of: 0xDA) == 0)
    #expect(Font.line(7, of: 0xC4) == 0xFF)
    #expect(Font.line(0, of: 0xB3) == 0x08 && Font.line(15, of: 0xB3) == 0x08)
  }

  @Test func everyLetterIsDrawnAndNoTwoLookTheSame() {
    let drawings = (0x21..<0x7F).map { character in (0..<16).map { Font.line($0, of: UInt8(character)) } }
    #expect(drawings.allSatisfy { $0.contains { $0 != 0 } })
    #expect(Set(drawings).count == drawings.count)
  }
}
