internal import CLinux
internal import Primitives
internal import Synchronization

/// Which pages hold code that a processor has translated.
extension GuestMemory {
  /// Marks the pages of RAM that hold translated code, so that whoever writes there is noticed.
  /// Only the software processor sets marks; a page's mark is 1 while code from it is cached.
  @unsafe package var codeMarks: UnsafeMutablePointer<UInt8> { unsafe marks }

  /// Who wants to hear of writes from outside the processors into pages that hold cached code.
  package func whenCodeIsWritten(_ body: @escaping @Sendable () -> Void) { codeWritten.withLock { $0 = Listener(call: body) } }

  /// A device or loader wrote here.
  func didWrite(_ address: GuestAddress, _ count: Int) {
    if let pages = pages(holding: address, count) { didWrite(pages: pages) }
  }

  func didWrite(pages: Range<Int>) {
    // Who reads code marks its page first.
    guest_fence()
    takeMarks(of: pages)
  }

  /// A device wrote to all of these.
  func didWrite(_ parts: ArraySlice<MemorySegment>) {
    guest_fence()
    for part in parts {
      if let pages = pages(holding: part.address, part.count) { takeMarks(of: pages) }
    }
  }

  private func pages(holding address: GuestAddress, _ count: Int) -> Range<Int>? {
    guard count > 0, let offset = ramOffset(address, count) else { return nil }
    return offset / Self.page..<(offset + count - 1) / Self.page + 1
  }

  private func takeMarks(of pages: Range<Int>) {
    var stale = false
    for page in pages where unsafe guest_load8(marks + page) == 1 {
      unsafe guest_store8(marks + page, 2)
      stale = true
    }
    if stale { codeWritten.withLock { $0 }?.call() }
  }
}
