import Boot
import GuestRAM
import Processor
import TestSupport

/// A suite whose tests load kernels into the memory of a machine that never runs.
protocol KernelLoading {
  var memory: GuestMemory { get }
}

extension KernelLoading {
  @discardableResult
  func boot(_ kernel: [UInt8], _ change: (inout LoadRequest) -> Void = { _ in }) throws -> ProcessorState {
    let file = TemporaryFile(kernel)
    var request = LoadRequest(kernel: file.path)
    change(&request)
    return try load(request, into: memory)
  }
}
