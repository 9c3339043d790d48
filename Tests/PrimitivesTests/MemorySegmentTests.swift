import Primitives
import Testing

@Suite struct MemorySegmentTests {
  private let segments = [
    MemorySegment(address: 0x1000, count: 16), MemorySegment(address: 0x5000, count: 4), MemorySegment(address: 0x3000, count: 100),
  ]

  private func part(from skip: Int, count: Int = .max) -> [String] {
    segments[...].bytes(from: skip, count: count).map { "\(String($0.address.value, radix: 16)) \($0.count)" }
  }

  @Test("a part begins and ends within a segment")
  func inside() {
    #expect(part(from: 0) == ["1000 16", "5000 4", "3000 100"])
    #expect(part(from: 0, count: 16) == ["1000 16"])
    #expect(part(from: 16) == ["5000 4", "3000 100"])
    #expect(part(from: 10, count: 9) == ["100a 6", "5000 3"])
    #expect(part(from: 12, count: 2) == ["100c 2"])
    #expect(part(from: 18, count: 5) == ["5002 2", "3000 3"])
  }

  @Test("beyond the end there is nothing")
  func beyond() {
    #expect(part(from: 119) == ["3063 1"])
    #expect(part(from: 120).isEmpty && part(from: .max).isEmpty)
    #expect(part(from: 4, count: 0).isEmpty)
    #expect(ArraySlice<MemorySegment>().bytes(from: 0).isEmpty)
  }

  @Test("the part of a part is part of the whole")
  func slices() {
    let rest = segments[...].bytes(from: 16)
    #expect(rest.byteCount == 104)
    #expect(rest.bytes(from: 1, count: 4).map(\.count) == [3, 1])
    #expect(rest[rest.startIndex] == segments[1], "what it comes from is as it was")
  }
}
