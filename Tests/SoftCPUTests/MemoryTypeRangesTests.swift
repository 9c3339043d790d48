import Testing

@testable import SoftCPU

@Suite struct MemoryTypeRangesTests {
  @Test func firmware_finds_eight_variable_ranges_and_what_it_wrote_there() {
    var ranges = MemoryTypeRanges()
    #expect(ranges.value(0xFE) == 0x508)
    #expect(ranges.value(0x2FF) == 0xC06)
    for (value, msr) in (0x200...0x20F).enumerated() {
      let isTaken = ranges.set(UInt32(msr), UInt64(value + 1))
      #expect(isTaken)
    }
    let isTaken = ranges.set(0x2FF, 0xC00)
    #expect(isTaken)
    for (value, msr) in (0x200...0x20F).enumerated() { #expect(ranges.value(UInt32(msr)) == UInt64(value + 1)) }
    #expect(ranges.value(0x2FF) == 0xC00)
    #expect(ranges.value(0x250) == 0)
  }

  @Test(arguments: [0xFF, 0x1FF, 0x210, 0x251, 0x277, 0x2FE] as [UInt32])
  func there_are_no_others(msr: UInt32) {
    var ranges = MemoryTypeRanges()
    #expect(ranges.value(msr) == nil)
    let isTaken = ranges.set(msr, 0)
    #expect(!isTaken)
  }

  @Test func what_they_can_do_cannot_be_changed() {
    var ranges = MemoryTypeRanges()
    let isTaken = ranges.set(0xFE, 0)
    #expect(!isTaken)
    #expect(ranges.value(0xFE) == 0x508)
  }
}
