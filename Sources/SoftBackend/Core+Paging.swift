extension Core {
  /// The linear address of `offset` in a segment, checked against its limit and rights.
  @inline(never) func linear(_ segment: UInt8, _ offset: UInt64, _ count: Int, write: Bool) throws(Fault) -> UInt64 { offset }
  /// An access that missed the soft TLB: walks, crosses pages, or goes to the bus.
  @inline(never) func readSlowly(_ address: UInt64, _ count: Int) throws(Fault) -> UInt64 { throw .protection }
  @inline(never) func writeSlowly(_ address: UInt64, _ value: UInt64, _ count: Int) throws(Fault) { throw .protection }
  /// Faults if `count` bytes could not be accessed.
  @inline(never) func probe(_ address: UInt64, _ count: Int, write: Bool) throws(Fault) {}
}
