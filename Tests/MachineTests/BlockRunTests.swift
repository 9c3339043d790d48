import GuestRAM
import Primitives
import Testing

@testable import Machine
@testable import Virtio

@Suite struct BlockRunTests {
  private func request(_ operation: BlockRequest.Operation, _ sector: UInt64, _ count: UInt64) -> BlockRequest {
    let segments = [MemorySegment(address: GuestAddress(sector << 12), count: Int(count) * 512)]
    return BlockRequest(token: sector, operation: operation, sector: sector, sectorCount: count, segments: segments[...])
  }

  /// The tokens of each run.
  private func runs(_ requests: [BlockRequest]) -> [[UInt64]] { BlockRun.runs(of: requests[...]).map { $0.requests.map(\.token) } }

  @Test("requests of neighbours on the disk become one, with the memory of each in order")
  func neighbours() {
    let runs = BlockRun.runs(of: [request(.read, 8, 8), request(.read, 16, 1), request(.read, 17, 3)])
    #expect(runs.count == 1 && runs[0].sector == 8 && runs[0].sectorCount == 12)
    #expect(runs[0].segments.map(\.address) == [0x8000, 0x1_0000, 0x1_1000])
  }

  @Test("what does not follow, or does something else, stays by itself, and nothing changes places")
  func others() {
    #expect(runs([request(.read, 8, 8), request(.read, 0, 8)]) == [[8], [0]])
    #expect(runs([request(.write, 8, 8), request(.read, 16, 8), request(.write, 24, 8)]) == [[8], [16], [24]])
    #expect(runs([request(.write, 8, 8), request(.flush, 0, 0), request(.write, 16, 8)]) == [[8], [0], [16]])
    #expect(runs([request(.discard, 8, 8), request(.discard, 16, 8)]) == [[8], [16]])
  }

  @Test("each request of a run can be done by itself")
  func parts() {
    let run = BlockRun.runs(of: [request(.write, 8, 8), request(.write, 16, 4)])[0]
    #expect(run.parts.map { $0.requests.map(\.token) } == [[8], [16]])
    #expect(run.parts[1].sector == 16 && run.parts[1].sectorCount == 4 && run.parts[1].segments.map(\.address) == [0x1_0000])
  }

  @Test("a run has an end")
  func limits() {
    let requests = (0..<5).map { request(.write, 1024 * $0, 1024) }
    #expect(runs(requests) == [[0, 1024], [2048, 3072], [4096]])
  }
}
