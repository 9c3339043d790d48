internal import Glibc
internal import Processor

/// What a call of KVM's answered, or its failure as an error that names the call.
@discardableResult
func check(_ call: StaticString, _ result: Int32) throws(ProcessorError) -> Int32 {
  guard result >= 0 else { throw failure(call, result) }
  return result
}

func failure(_ call: StaticString, _ result: Int32) -> ProcessorError {
  ProcessorError("/dev/kvm: \(call) failed: \(unsafe String(cString: strerror(-result))).")
}
