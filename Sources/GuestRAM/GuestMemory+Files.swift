internal import CLinux
internal import Glibc
public import Primitives

/// File contents straight into and out of RAM, without a second copy.
extension GuestMemory {
  /// Reads the firmware's image from a file, before anybody sees it. False if the file has less.
  public func readFirmware(from descriptor: Int32) throws(GuestMemoryError) -> Bool {
    // All of it is written now: the host need not be told by each of its pages.
    unsafe madvise(firmware, Int(firmwareSize), MADV_POPULATE_WRITE)
    let count = Int(firmwareSize) - firmwarePadding
    let done = unsafe linux_read_at(descriptor, firmware + firmwarePadding, UInt(count), 0)
    guard done >= 0 else { throw .host(call: "pread", code: Int32(truncatingIfNeeded: -done)) }
    return done == count
  }

  /// Reads from a file into parts of RAM, one after the other; less than they hold only at the end of the file. Returns how much.
  ///
  /// - Parameter mayWait: if not, what the host does not have at hand is an error; but it begins to get it.
  public func read(from descriptor: Int32, offset: Int64, to parts: ArraySlice<MemorySegment>, mayWait: Bool = true) throws(GuestMemoryError) -> Int {
    defer { didWrite(parts) }
    return unsafe try move(parts, "preadv", at: offset) { unsafe linux_readv_at(descriptor, $0, $1, $2, mayWait ? 1 : 0) }
  }

  /// Writes parts of RAM to a file, one after the other.
  public func write(to descriptor: Int32, offset: Int64, from parts: ArraySlice<MemorySegment>) throws(GuestMemoryError) {
    let done = unsafe try move(parts, "pwritev", at: offset) { unsafe linux_writev_at(descriptor, $0, $1, $2) }
    guard done == parts.byteCount else { throw .host(call: "pwritev", code: ENOSPC) }
  }

  /// As many parts as Linux takes in one call.
  private static var mostVectors: Int { 1024 }

  /// Moves bytes by as few calls as the host allows, until all are moved or a call moves none. Returns how many.
  private func move(
    _ parts: ArraySlice<MemorySegment>, _ name: StaticString, at offset: Int64, by call: (UnsafePointer<iovec>?, Int32, Int64) -> Int
  ) throws(GuestMemoryError) -> Int {
    // Few, as they mostly are, take no memory of the heap.
    unsafe try withUnsafeTemporaryAllocation(of: iovec.self, capacity: parts.count) { vectors throws(GuestMemoryError) in
      for (number, part) in parts.enumerated() {
        guard let start = ramOffset(part.address, part.count) else { throw .notRAM(address: part.address.value, count: part.count) }
        unsafe vectors.initializeElement(at: number, to: iovec(iov_base: ram + start, iov_len: part.count))
      }
      var rest = unsafe vectors[...]
      var done = 0
      while unsafe !rest.isEmpty {
        let count = unsafe Int32(min(rest.count, Self.mostVectors))
        let moved = unsafe call(UnsafeBufferPointer(rebasing: rest).baseAddress, count, offset + Int64(done))
        guard moved >= 0 else { throw .host(call: name, code: Int32(truncatingIfNeeded: -moved)) }
        guard moved > 0 else { break }
        done += moved
        unsafe Self.drop(moved, from: &rest)
      }
      return done
    }
  }

  /// What has been moved is not moved again.
  private static func drop(_ count: Int, from vectors: inout Slice<UnsafeMutableBufferPointer<iovec>>) {
    var left = count
    while let whole = unsafe vectors.first?.iov_len, whole <= left {
      left -= whole
      unsafe vectors.removeFirst()
    }
    guard left > 0 else { return }
    unsafe vectors[vectors.startIndex].iov_base += left
    unsafe vectors[vectors.startIndex].iov_len -= left
  }
}
