import DeviceModel
import GuestRAM
import Primitives
import Processor
import TestSupport
import Testing

extension ConformanceTests {
  @Suite struct DoorbellTests {
    private static let address: UInt64 = 0xC000_0000
    private static let sign: GuestAddress = 0x700
    private static let stores: [Access] = [
      .store(address, .byte, 1), .store(address, .word, 2), .store(address, .dword, 3),
    ]

    private func run(_ kind: BackendKind, sign: UInt32, _ prepare: (any Backend, GuestMemory) -> Void) throws -> [Access] {
      let run = try GuestRun(recorderMemory: AccessTests.device)
      let start = try LongMode.start(program("ring_doorbell"), in: run.memory) { $0[.rdi] = Self.address }
      try run.memory.store(sign, at: Self.sign)
      return try run.run(on: kind, from: start) { prepare($0, run.memory) }.accesses
    }

    /// The guest goes on only if the bell rang.
    @Test("a write to a doorbell rings it and does not reach the bus", arguments: BackendKind.withDoorbells)
    func rings(kind: BackendKind) throws {
      let accesses = try run(kind, sign: 0) { backend, memory in
        backend.setDoorbells([Doorbell(at: .init(Self.address), of: "device") { try? memory.store(UInt32(1), at: Self.sign) }])
      }
      #expect(accesses == [])
    }

    @Test("RS-03 a doorbell that was taken away is an address like any other", arguments: BackendKind.available)
    func takenAway(kind: BackendKind) throws {
      let accesses = try run(kind, sign: 1) { backend, _ in
        let bell = Doorbell(at: .init(Self.address), of: "device") { Issue.record("nobody may ring it now") }
        for _ in 0..<50 {
          backend.setDoorbells([bell])
          backend.setDoorbells([])
        }
      }
      #expect(accesses == Self.stores)
    }
  }
}
