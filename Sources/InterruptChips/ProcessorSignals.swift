/// What waits for a processor, as bits it can look at between two instructions.
public struct ProcessorSignals: OptionSet, Sendable {
  public let rawValue: UInt32
  public init(rawValue: UInt32) { self.rawValue = rawValue }

  /// An interrupt, to be taken when the interrupt flag allows it.
  public static let interrupt = ProcessorSignals(rawValue: 1)
  public static let nonMaskable = ProcessorSignals(rawValue: 2)
  public static let initialize = ProcessorSignals(rawValue: 4)
  public static let startUp = ProcessorSignals(rawValue: 8)
}

/// What a processor must do next for the interrupt system.
public enum ProcessorEvent: Equatable, Sendable {
  case none
  /// Call `acknowledge` for its vector, if the interrupt flag is set.
  case interrupt
  case nonMaskable
  /// INIT: reset, then wait for `startUp` unless it is the first processor.
  case initialize
  /// Begin in real mode at the vector's page.
  case startUp(UInt8)
}
