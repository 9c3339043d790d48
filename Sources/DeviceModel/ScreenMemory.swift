/// What a display shows: guest RAM, and the display's own memory.
public protocol ScreenMemory: DirectMemory {
  /// A private copy of the display's memory; what lies beyond its end reads as zero.
  func videoBytes(_ count: Int, at offset: Int) -> [UInt8]
}
