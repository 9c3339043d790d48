import GuestRAM
import Primitives
import Processor
import Testing

@testable import SoftCPU

@Suite("a core's block and what is around it") struct CoreLayoutTests {
  /// mov eax, 2; imul eax, eax, 21; push rax; pop rbx; hlt
  private static let program: [UInt8] = [0xB8, 2, 0, 0, 0, 0x6B, 0xC0, 21, 0x50, 0x5B, 0xF4]

  @Test("a core needs nothing but memory")
  func alone() throws {
    let memory = try GuestMemory(size: 1 << 20)
    try memory.write([0xB8, 0x34, 0x12, 0x40], at: 0x1000)
    let context = try CoreContext(CoreEnvironment(memory: memory))
    var state = ProcessorState.reset
    (state.cs, state.rip) = (.realMode(0), 0x1000)
    try context.setState(state)
    context.refreshMap()
    // mov ax, 0x1234; inc ax
    #expect(try context.core.step() == .move && context.core.step() == .increment)
    #expect(context.state()[.rax] == 0x1235)
  }

  @Test("the four regions follow one another, and no two parts of them share a byte")
  func regions() {
    let words = Core.Field.allCases.map { $0.rawValue..<$0.rawValue + 8 }
    let isState = { (word: Range<Int>) in CoreLayout.state.contains(word.lowerBound) }
    let others = [Core.segments..<Core.segments + 11 * 32, Core.vectorState..<Core.vectorState + 512, Core.upperHalves..<Core.upperHalves + 256]
    let state = words.filter(isState) + others
    let control = words.filter { !isState($0) }
    let scratch: [Range<Int>] = [
      VectorArea.operand..<VectorArea.flags, VectorArea.flags..<VectorArea.flags + 8, VectorArea.hostControl..<VectorArea.hostControl + 4,
      VectorArea.workControl..<VectorArea.workControl + 4, VectorArea.image..<VectorArea.image + 512, VectorArea.trial..<TranslatedState.hostStack,
      TranslatedState.hostStack..<TranslatedState.exits + Exit.allCases.count * 8, CoreLayout.instructionBytes..<CoreLayout.instructionBytes + 16,
    ]
    let caches: [Range<Int>] = [
      SoftTLB.nearPages..<SoftTLB.nearLimits(for: 64) + 3 * 2 * SoftTLB.nearEntries * 8, Core.blocks..<Core.blocks + 65536 * 8,
      Core.translations..<SoftTLB.checked + SoftTLB.tableSize, TranslatedState.patience..<TranslatedState.targets, TranslatedState.targets..<TranslatedState.size,
      TranslatedState.mappings..<TranslatedState.mappings + TranslatedState.mappingCount,
      TranslatedState.mappingPages..<TranslatedState.mappingPages + TranslatedState.mappingCount * 8,
      TranslatedState.helped..<TranslatedState.helped + Operation.allCases.count * 8,
    ]
    for (region, parts) in [(CoreLayout.state, state), (CoreLayout.control, control), (CoreLayout.scratch, scratch), (CoreLayout.caches, caches)] {
      let sorted = parts.sorted { $0.lowerBound < $1.lowerBound }
      #expect(sorted.allSatisfy { region.contains($0.lowerBound) && $0.upperBound <= region.upperBound })
      for (part, next) in zip(sorted, sorted.dropFirst()) { #expect(part.upperBound <= next.lowerBound, "\(part) \(next)") }
    }
    #expect(CoreLayout.state.upperBound == CoreLayout.control.lowerBound && CoreLayout.control.upperBound == CoreLayout.scratch.lowerBound)
    #expect(CoreLayout.scratch.upperBound == CoreLayout.caches.lowerBound && CoreLayout.state.lowerBound == 0)
  }

  @Test("a decoded instruction stays within one cache line")
  func recordSize() { #expect(MemoryLayout<InstructionRecord>.size <= 64) }

  @Test("a core with another's first region goes on as that one would, wherever it was")
  func state() throws {
    let guest = try SystemGuest(.long)
    var random = FixedSequence(9)
    for register in 0..<16 where register != 4 { guest.core[register: register] = random.next() }
    (guest.core[.lstar], guest.core[.dr0], guest.core[.pkru]) = (0x1234_5678, 0x7777, 5)
    for place in stride(from: VectorArea.xmm, to: VectorArea.xmm + 256, by: 8) { guest.core.store(random.next(), at: place) }
    try guest.memory.write(Self.program, at: .init(SystemGuest.Place.code))
    var left = Self.program.count
    while guest.core[.halted] == 0, left > 0 {
      let other = try CoreContext(CoreEnvironment(memory: guest.memory))
      other.refreshMap()
      unsafe other.core.base.copyMemory(from: guest.core.base, byteCount: CoreLayout.state.upperBound)
      other.core.updateMode(cpl: guest.core.cpl)
      let isSame = other.instructionState() == guest.processor.instructionState()
      try guest.core.step()
      try other.core.step()
      let isSameAfter = other.instructionState() == guest.processor.instructionState()
      #expect(isSame && isSameAfter, "\(left)")
      left -= 1
    }
    #expect(guest.core[.rbx] == 42)
  }
}
