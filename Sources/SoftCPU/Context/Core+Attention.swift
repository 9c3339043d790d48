internal import Synchronization

extension Core {
  var attentionWord: UnsafeMutablePointer<Atomic<UInt64>> {
    unsafe (base + Field.attention.rawValue).assumingMemoryBound(to: Atomic<UInt64>.self)
  }

  /// Makes the run loop end after this block.
  func raise(_ reason: Attention) {
    _ = unsafe attentionWord.pointee.bitwiseOr(reason.rawValue, ordering: .sequentiallyConsistent)
  }

  /// The interrupt flag may have been set: takes what waited for it.
  @inline(__always) func openInterrupts() {
    if self[.deferred] != 0 { raise(.interrupt) }
  }
}
