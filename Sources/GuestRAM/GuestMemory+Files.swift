internal import Glibc
public import Primitives

/// File contents straight into and out of RAM, without a second copy.
extension GuestMemory {
  /// Reads up to `count` bytes; fewer only at the end of the file. Returns how many.
  public func read(from descriptor: Int32, offset: Int64, count: Int, to address: GuestAddress)
    throws(GuestMemoryError) -> Int
  {
    guard let start = ramOffset(address, count) else { throw .notRAM(address: address.value, count: count) }
    var done = 0
    defer { didWrite(address, done) }
    while done < count {
      let n = unsafe pread(descriptor, ram + start + done, count - done, off_t(offset) + off_t(done))
      if n == 0 { break }
      if n < 0 {
        if errno == EINTR { continue }
        throw .host(call: "pread", code: errno)
      }
      done += n
    }
    return done
  }

  /// Writes `count` bytes of RAM to a file.
  public func write(to descriptor: Int32, offset: Int64, count: Int, from address: GuestAddress)
    throws(GuestMemoryError)
  {
    guard let start = ramOffset(address, count) else { throw .notRAM(address: address.value, count: count) }
    var done = 0
    while done < count {
      let n = unsafe pwrite(descriptor, ram + start + done, count - done, off_t(offset) + off_t(done))
      if n < 0 {
        if errno == EINTR { continue }
        throw .host(call: "pwrite", code: errno)
      }
      if n == 0 { throw .host(call: "pwrite", code: ENOSPC) }
      done += n
    }
  }
}
