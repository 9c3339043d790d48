/// So many random bytes that the guest asks for.
public struct EntropyRequest: Sendable {
  let token: UInt64
  public let count: Int
}
