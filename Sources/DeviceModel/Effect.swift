/// Something that a device does to the world around it.
public enum Effect: Equatable, Sendable {
  /// The level of an interrupt line, for a device that has more than its own.
  case line(Int, Bool)
  /// A message-signalled interrupt.
  case message(MSIMessage)
  /// A byte for the device's host stream.
  case byte(UInt8)
  /// Bytes that outlive the power, at an offset of the device's store.
  case store([UInt8], at: Int)
  /// The display's memory is black again.
  case clearVideo
  case power(PowerRequest)
  /// What went on in a queue, where somebody watches.
  case queue(QueueActivity)
  /// What the guest's driver did wrong, or the host could not do for it: one sentence for the user.
  case complaint(String)
}
