import Testing

@testable import SoftBackend

@Suite struct CoreLayout {
  @Test("a decoded instruction stays within one cache line")
  func recordSize() { #expect(MemoryLayout<InstructionRecord>.size <= 64) }
}
