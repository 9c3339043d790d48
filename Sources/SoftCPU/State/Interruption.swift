internal import Processor

/// What makes the processor enter one of the guest's handlers.
struct Interruption {
  enum Kind { case exception, external, software }

  let vector: UInt8
  var code: UInt32?
  let kind: Kind

  /// An exception of the instruction at RIP.
  init(_ fault: Fault) { (vector, code, kind) = (fault.vector, fault.hasCode ? fault.code : nil, .exception) }

  /// What was accepted on another accelerator.
  init(_ event: ArchitecturalState.Event) {
    (vector, code, kind) = (event.vector, event.errorCode, event.isExternal ? .external : .exception)
  }

  private init(_ vector: UInt8, _ kind: Kind) { (self.vector, self.kind) = (vector, kind) }

  /// An interrupt from outside, or what comes as if it were one.
  static func external(_ vector: UInt8) -> Interruption { Interruption(vector, .external) }
  /// INT and its like.
  static func software(_ vector: UInt8) -> Interruption { Interruption(vector, .software) }
}
