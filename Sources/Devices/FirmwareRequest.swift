/// Bytes under one key that firmware wants next.
public struct FirmwareRequest: Equatable, Sendable {
  public let key: UInt16
  let start: Int
  let count: Int
}
