import DeviceModel
import Primitives

/// Port accesses as a guest writes them.
extension Device {
  mutating func `in`(_ offset: Int, at now: Instant = .start) -> UInt8 {
    var cycle = Cycle(at: now)
    return UInt8(truncatingIfNeeded: read(.byte, at: offset, &cycle))
  }

  mutating func out(_ value: UInt64, _ offset: Int, at now: Instant = .start) {
    var cycle = Cycle(at: now)
    write(value, .byte, at: offset, &cycle)
  }
}
