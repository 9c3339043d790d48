internal import CLinux
internal import Glibc

/// Host code memory, written through one mapping and executed through another, so that no page is ever both.
///
/// Safe because `write` checks its range; what the bytes do when called is the caller's burden.
@safe final class ExecutableMemory: @unchecked Sendable {
  let size: Int
  private let writable: UnsafeMutableRawPointer
  /// Where the code runs; `trailing` bytes of plain data memory follow `size`.
  @unsafe let start: UnsafeMutableRawPointer
  private let trailing: Int

  /// - Parameter size: in whole pages, as is `trailing`.
  /// - Returns: nil when the host refuses executable memory.
  init?(size: Int, trailing: Int = 0) {
    precondition(size > 0 && size % 4096 == 0 && trailing >= 0 && trailing % 4096 == 0, "code comes in pages")
    let area = unsafe mmap(nil, size + trailing, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
    guard let area = unsafe area, unsafe area != MAP_FAILED else { return nil }
    // Memory without a name: perf asks for the names of what is in it, see PerfMap.
    let code = unsafe mmap(area, size, PROT_READ | PROT_EXEC, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0)
    guard unsafe code == area, let view = unsafe linux_map_again(area, size) else {
      unsafe munmap(area, size + trailing)
      return nil
    }
    guard unsafe mprotect(view, size, PROT_READ | PROT_WRITE) == 0 else {
      unsafe munmap(view, size)
      unsafe munmap(area, size + trailing)
      return nil
    }
    self.size = size
    self.trailing = trailing
    unsafe writable = view
    unsafe start = area
  }

  deinit {
    unsafe munmap(writable, size)
    unsafe munmap(start, size + trailing)
  }

  /// Changes four bytes of code.
  func write32(_ value: Int32, at offset: Int) {
    guard offset >= 0, offset <= size - 4 else { return }
    unsafe writable.storeBytes(of: value, toByteOffset: offset, as: Int32.self)
  }

  /// Places code; false when it does not fit.
  func write(_ bytes: [UInt8], at offset: Int) -> Bool { unsafe bytes.withUnsafeBytes { unsafe write($0, at: offset) } }

  /// Places the first bytes of some words.
  func write(_ words: [UInt64], count: Int, at offset: Int) -> Bool {
    unsafe words.withUnsafeBytes { unsafe write(UnsafeRawBufferPointer(rebasing: $0.prefix(count)), at: offset) }
  }

  private func write(_ source: UnsafeRawBufferPointer, at offset: Int) -> Bool {
    guard offset >= 0, offset <= size, source.count <= size - offset else { return false }
    if let base = source.baseAddress { unsafe memcpy(writable + offset, base, source.count) }
    return true
  }
}
