internal import Virtio

/// Requests to a disk that the host can do as one: the same operation on sectors that follow each other.
struct BlockRun {
  /// As much as is moved at once.
  private static let mostSectors: UInt64 = 1 << 20 / 512
  private static let mostSegments = 1024

  private(set) var requests: [BlockRequest]
  private(set) var sectorCount: UInt64
  private(set) var segments: [DescriptorChain.Segment]

  init(_ request: BlockRequest) {
    requests = [request]
    sectorCount = request.sectorCount
    segments = request.segments
  }

  var operation: BlockRequest.Operation { requests[0].operation }
  var sector: UInt64 { requests[0].sector }
  /// Whether it only moves data, which takes the host less time than anything else.
  var isTransfer: Bool { operation == .read || operation == .write }

  /// Requests in their order, neighbours as one.
  static func runs(of requests: [BlockRequest]) -> [BlockRun] {
    var runs: [BlockRun] = []
    for request in requests {
      if runs.last?.canTake(request) == true { runs[runs.count - 1].take(request) } else { runs.append(BlockRun(request)) }
    }
    return runs
  }

  private func canTake(_ request: BlockRequest) -> Bool {
    isTransfer && request.operation == operation && request.sector == sector + sectorCount
      && sectorCount + request.sectorCount <= Self.mostSectors && segments.count + request.segments.count <= Self.mostSegments
  }

  private mutating func take(_ request: BlockRequest) {
    requests.append(request)
    sectorCount += request.sectorCount
    segments += request.segments
  }
}
