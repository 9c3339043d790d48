/// Something that happened to a queue between driver and device.
public struct QueueActivity: Equatable, Sendable {
  public enum Event: Equatable, Sendable {
    /// The driver says that there is something in the queue.
    case notified
    /// The device took the chain that starts with this descriptor, with so many bytes to read and to write.
    case taken(head: UInt16, readable: Int, writable: Int)
    /// The device gave a chain back, with so many bytes written.
    case completed(head: UInt16, written: Int)
  }

  public let queue: Int
  public let event: Event

  public init(queue: Int, _ event: Event) {
    self.queue = queue
    self.event = event
  }
}
