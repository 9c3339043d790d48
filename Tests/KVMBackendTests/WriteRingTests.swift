import Testing

@testable import KVMBackend

@Suite struct WriteRingTests {
  /// What KVM leaves in the page: the index of the first write, that behind the last one, and room for 170 of them.
  private func page(first: UInt32, last: UInt32, _ writes: [Int: (address: UInt64, count: UInt32, port: UInt32, value: UInt64)]) -> [UInt64] {
    var words = [UInt64](repeating: 0, count: 512)
    words[0] = UInt64(first) | UInt64(last) << 32
    for (index, write) in writes {
      words[1 + 3 * index] = write.address
      words[2 + 3 * index] = UInt64(write.count) | UInt64(write.port) << 32
      words[3 + 3 * index] = write.value
    }
    return words
  }

  private func taken(from page: inout [UInt64]) -> [WriteRing.Write] {
    unsafe page.withUnsafeMutableBytes { bytes in
      guard let start = bytes.baseAddress else { return [] }
      let ring = unsafe WriteRing(start)
      var writes: [WriteRing.Write] = []
      ring.forEach {
        #expect(!ring.isEmpty, "a write counts as there until it is done")
        writes.append($0)
      }
      #expect(ring.isEmpty)
      return writes
    }
  }

  @Test("writes are taken in their order, over the ring's end")
  func order() {
    var page = page(
      first: 169, last: 1,
      [169: (0xFEC0_0000, 4, 0, 0x12), 0: (0x70, 1, 1, 0x8A)])
    #expect(
      taken(from: &page) == [
        .init(address: 0xFEC0_0000, isPort: false, count: 4, value: 0x12), .init(address: 0x70, isPort: true, count: 1, value: 0x8A),
      ])
    #expect(page[0] == 1 | 1 << 32)
  }

  @Test("an empty ring has nothing")
  func nothing() {
    var page = page(first: 5, last: 5, [:])
    #expect(taken(from: &page).isEmpty)
  }
}
