internal import Glibc

/// A display's memory, as the display itself reaches it.
extension GuestMemory {
  /// A private copy; what lies beyond its end reads as zero.
  public func videoBytes(_ count: Int, at offset: Int) -> [UInt8] {
    guard count > 0 else { return [] }
    var bytes = [UInt8](repeating: 0, count: count)
    guard offset >= 0, offset < videoSize else { return bytes }
    let present = min(count, Int(videoSize) - offset)
    unsafe bytes.withUnsafeMutableBytes { target in
      if let base = target.baseAddress { unsafe memcpy(base, ram + Int(size) + offset, present) }
    }
    return bytes
  }

  /// Draws as a processor would; what lies beyond the end is lost.
  package func storeVideo(_ bytes: [UInt8], at offset: Int) {
    guard offset >= 0, offset < videoSize else { return }
    let present = min(bytes.count, Int(videoSize) - offset)
    unsafe bytes.withUnsafeBytes { source in
      if let base = source.baseAddress { unsafe memcpy(ram + Int(size) + offset, base, present) }
    }
    if present > 0 { didWrite(pages: (Int(size) + offset) / Self.page..<(Int(size) + offset + present - 1) / Self.page + 1) }
  }

  /// Makes all of it zero, and gives the host its pages back.
  public func clearVideo() {
    guard videoSize > 0 else { return }
    let start = unsafe ram + Int(size)
    if unsafe madvise(start, Int(videoSize), MADV_DONTNEED) != 0 { unsafe memset(start, 0, Int(videoSize)) }
    // The software processor may have cached code from there.
    didWrite(pages: Int(size) / Self.page..<pageCount)
  }
}
