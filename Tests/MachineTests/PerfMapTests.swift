import Processor
import Testing

@testable import Machine

/// The names of translated code for perf.
@Suite struct PerfMapTests {
  @Test("a line has place and length in hexadecimal, and the function or else the guest's address")
  func lines() {
    let code = [
      CodePlace(host: 0x7F00_0000..<0x7F00_0200, guest: nil), CodePlace(host: 0x7F00_0200..<0x7F00_0260, guest: 0xFFFF_FFFF_8100_0010), CodePlace(host: 0x7F00_0260..<0x7F00_0280, guest: 0x40_1000),
    ]
    #expect(
      PerfMap.text(code) { $0 > 1 << 63 ? "memset" : nil } == """
        7f000000 200 [translator]
        7f000200 60 memset
        7f000260 20 0x401000

        """)
  }

  @Test("blocks of one function that lie side by side are one piece, others are not")
  func neighbours() {
    let code = [CodePlace(host: 0x10..<0x20, guest: 1), CodePlace(host: 0x20..<0x40, guest: 2), CodePlace(host: 0x50..<0x60, guest: 3), CodePlace(host: 0x60..<0x60, guest: 4)]
    #expect(PerfMap.text(code) { _ in "f" } == "10 30 f\n50 10 f\n")
    #expect(PerfMap.text([]) { _ in "f" } == "")
  }

  @Test("perf looks for them by the number of the process")
  func path() { #expect(PerfMap.path(of: 42) == "/tmp/perf-42.map") }
}
