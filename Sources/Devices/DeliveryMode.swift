/// How an interrupt message is taken, as in its bits 8 to 10.
public enum DeliveryMode: UInt8, Sendable {
  case fixed = 0
  /// To the one addressed processor that does the least urgent work.
  case lowestPriority = 1
  case systemManagement = 2
  case nonMaskable = 4
  case initialize = 5
  case startUp = 6
  /// The vector comes from the legacy controller.
  case external = 7
}
