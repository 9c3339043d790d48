internal import CLinux
internal import Glibc
public import Primitives

/// File contents straight into and out of RAM, without a second copy.
extension GuestMemory {
  /// Reads the firmware's image from a file, before anybody sees it. False if the file has less.
  public func readFirmware(from descriptor: Int32) throws(GuestMemoryError) -> Bool {
    let count = Int(firmwareSize) - firmwarePadding
    let done = unsafe linux_read_at(descriptor, firmware + firmwarePadding, UInt(count), 0)
    guard done >= 0 else { throw .host(call: "pread", code: Int32(truncatingIfNeeded: -done)) }
    return done == count
  }

  /// A range that may turn out not to be RAM.
  public typealias Piece = (address: GuestAddress, count: Int)

  /// Reads from a file into pieces of RAM, one after the other; less than they hold only at the end of the file. Returns how much.
  ///
  /// - Parameter mayWait: if not, what the host does not have at hand is an error; but it begins to get it.
  public func read(from descriptor: Int32, offset: Int64, to pieces: [Piece], mayWait: Bool = true) throws(GuestMemoryError) -> Int {
    defer { didWrite(pieces) }
    return unsafe try move(pieces, "preadv", at: offset) { unsafe linux_readv_at(descriptor, $0, $1, $2, mayWait ? 1 : 0) }
  }

  /// Writes pieces of RAM to a file, one after the other.
  public func write(to descriptor: Int32, offset: Int64, from pieces: [Piece]) throws(GuestMemoryError) {
    let done = unsafe try move(pieces, "pwritev", at: offset) { unsafe linux_writev_at(descriptor, $0, $1, $2) }
    guard done == pieces.reduce(0, { $0 + $1.count }) else { throw .host(call: "pwritev", code: ENOSPC) }
  }

  /// As many pieces as Linux takes in one call.
  private static var mostVectors: Int { 1024 }

  /// Moves bytes by as few calls as the host allows, until all are moved or a call moves none. Returns how many.
  private func move(
    _ pieces: [Piece], _ name: StaticString, at offset: Int64, by call: (UnsafePointer<iovec>?, Int32, Int64) -> Int
  ) throws(GuestMemoryError) -> Int {
    var vectors: [iovec] = unsafe []
    unsafe vectors.reserveCapacity(pieces.count)
    for piece in pieces {
      guard let start = ramOffset(piece.address, piece.count) else { throw .notRAM(address: piece.address.value, count: piece.count) }
      unsafe vectors.append(unsafe iovec(iov_base: ram + start, iov_len: piece.count))
    }
    var rest = unsafe vectors[...]
    var done = 0
    while unsafe !rest.isEmpty {
      let count = unsafe Int32(min(rest.count, Self.mostVectors))
      let moved = unsafe rest.withUnsafeBufferPointer { unsafe call($0.baseAddress, count, offset + Int64(done)) }
      guard moved >= 0 else { throw .host(call: name, code: Int32(truncatingIfNeeded: -moved)) }
      guard moved > 0 else { break }
      done += moved
      unsafe Self.drop(moved, from: &rest)
    }
    return done
  }

  /// What has been moved is not moved again.
  private static func drop(_ count: Int, from vectors: inout ArraySlice<iovec>) {
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
