/// A window of physical memory with its bytes on the host.
@safe struct PhysicalWindow {
  let first: UInt64
  let last: UInt64
  let host: UnsafeMutableRawPointer
  let writeHost: UnsafeMutableRawPointer
  /// Where writes go in RAM; nil for ROM.
  let writeOffset: Int?
}
