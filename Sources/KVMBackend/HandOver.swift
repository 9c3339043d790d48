/// One instruction that KVM failed and the software processor executed.
public struct HandOver: Equatable, Sendable {
  public let processor: Int
  /// Opcode bytes and what chose among their instructions.
  public let instruction: String
  public let rip: UInt64
}
