internal import Primitives
internal import Virtio

/// Requests to a disk that the host can do as one: the same operation on sectors that follow each other.
struct BlockRun {
  /// As much as is moved at once.
  private static let mostSectors: UInt64 = 1 << 20 / 512
  private static let mostSegments = 1024

  private(set) var requests: ArraySlice<BlockRequest>
  private(set) var sectorCount: UInt64
  private var segmentCount: Int
  let operation: BlockRequest.Operation
  let sector: UInt64

  private init(_ request: BlockRequest, at place: Int, of batch: ArraySlice<BlockRequest>) {
    requests = batch[place...place]
    sectorCount = request.sectorCount
    segmentCount = request.segments.count
    operation = request.operation
    sector = request.sector
  }

  /// Whether it only moves data, which takes the host less time than anything else.
  var isTransfer: Bool { operation == .read || operation == .write }

  /// Of all requests together.
  var segments: ArraySlice<MemorySegment> {
    requests.count == 1 ? requests[requests.startIndex].segments : requests.flatMap(\.segments)[...]
  }

  /// Requests in their order, neighbours as one.
  static func runs(of batch: ArraySlice<BlockRequest>) -> [BlockRun] {
    var runs: [BlockRun] = []
    for (place, request) in zip(batch.indices, batch) {
      if runs.last?.canTake(request) == true {
        runs[runs.count - 1].take(request, at: place, of: batch)
      } else {
        runs.append(BlockRun(request, at: place, of: batch))
      }
    }
    return runs
  }

  /// Each request by itself.
  var parts: [BlockRun] { zip(requests.indices, requests).map { BlockRun($1, at: $0, of: requests) } }

  private func canTake(_ request: BlockRequest) -> Bool {
    isTransfer && request.operation == operation && request.sector == sector + sectorCount
      && sectorCount + request.sectorCount <= Self.mostSectors && segmentCount + request.segments.count <= Self.mostSegments
  }

  private mutating func take(_ request: BlockRequest, at place: Int, of batch: ArraySlice<BlockRequest>) {
    requests = batch[requests.startIndex...place]
    sectorCount += request.sectorCount
    segmentCount += request.segments.count
  }
}
