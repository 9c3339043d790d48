import Testing

@testable import KVMBackend

@Suite struct IdentificationTests {
  private func leaves(_ processor: UInt32, of count: UInt32, from offer: [CPUIDLeaf]) -> [CPUIDLeaf] {
    let identification = Identification(processor: processor, processorCount: count)
    var told: [CPUIDLeaf] = []
    for leaf in offer { identification.tell(leaf) { told.append($0) } }
    return told
  }

  private func offer(deadlineTimer: Bool = true, software: Bool = false, from supported: CPUIDLeaf) -> CPUIDLeaf {
    let hostName = InlineArray<3, CPUIDLeaf> { CPUIDLeaf(function: 0x8000_0002 + UInt32($0), eax: 1, edx: 2) }
    return IdentificationOffer(hasDeadlineTimer: deadlineTimer, lacksPairExchange: software, hostName: hostName).leaf(from: supported)
  }

  @Test("each processor has its own APIC id and knows how many there are")
  func processors() throws {
    let leaf = try #require(leaves(2, of: 3, from: [CPUIDLeaf(function: 1, ebx: 0xFFFF_0800)]).first)
    #expect(leaf.ebx == 0x0203_0800)
    #expect(leaf.edx == 1 << 28)
    #expect(leaves(0, of: 1, from: [CPUIDLeaf(function: 1, edx: .max)]).first?.edx == ~(1 << 28))
  }

  @Test("the guest learns that it runs under a hypervisor, and of the timer that KVM does not list")
  func features() {
    #expect(offer(from: CPUIDLeaf(function: 1)).ecx == 1 << 31 | 1 << 24)
    #expect(offer(deadlineTimer: false, from: CPUIDLeaf(function: 1)).ecx == 1 << 31)
  }

  @Test("a software KVM does not offer the instruction that it cannot emulate")
  func pairExchange() {
    let offered = CPUIDLeaf(function: 1, ecx: 1 << 13)
    #expect(offer(from: offered).ecx >> 13 & 1 == 1)
    #expect(offer(software: true, from: offered).ecx >> 13 & 1 == 0)
  }

  @Test("the levels of topology are whole, though KVM gives only the first", arguments: [UInt32(0xB), 0x1F])
  func levels(function: UInt32) {
    let given = leaves(5, of: 6, from: [CPUIDLeaf(function: function, isIndexed: true), CPUIDLeaf(function: function, index: 1, isIndexed: true)])
    #expect(given.map(\.index) == [0, 1, 2])
    #expect(given.map(\.eax) == [0, 3, 0])
    #expect(given.map(\.ebx) == [1, 6, 0])
    #expect(given.map(\.ecx) == [0x100, 0x201, 0x002])
    #expect(given.allSatisfy { $0.isIndexed && $0.edx == 5 })
  }

  @Test("D3 where KVM tells no name for the processor it is the host's", arguments: [UInt32(0x8000_0002), 0x8000_0003, 0x8000_0004])
  func name(function: UInt32) {
    #expect(offer(from: CPUIDLeaf(function: function)) == CPUIDLeaf(function: function, eax: 1, edx: 2))
    let own = CPUIDLeaf(function: function, eax: 7)
    #expect(offer(from: own) == own)
    #expect(offer(from: CPUIDLeaf(function: 0x8000_0005)) == CPUIDLeaf(function: 0x8000_0005))
  }

  @Test("the same topology in AMD's leaves")
  func otherLeaves() {
    #expect(leaves(1, of: 2, from: [CPUIDLeaf(function: 0x8000_0008, ecx: .max)]).first?.ecx == 0xFFFF_1F01)
    let extended = leaves(3, of: 4, from: [CPUIDLeaf(function: 0x8000_001E, eax: 9, ebx: 9, ecx: 9)]).first
    #expect(extended == CPUIDLeaf(function: 0x8000_001E, eax: 3, ebx: 3, ecx: 0))
  }

  @Test("all else is as KVM gives it")
  func others() {
    let leaf = CPUIDLeaf(function: 7, isIndexed: true, eax: 1, ebx: 2, ecx: 3, edx: 4)
    #expect(leaves(0, of: 4, from: [leaf]) == [leaf])
    #expect(offer(from: leaf) == leaf)
  }
}
