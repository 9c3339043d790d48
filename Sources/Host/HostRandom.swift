import CLinux
import Glibc

/// The host's source of randomness.
public enum HostRandom {
  public static func bytes(_ count: Int) throws(SystemError) -> [UInt8] {
    var failure: Int32 = 0
    let bytes = unsafe [UInt8](unsafeUninitializedCapacity: count) { buffer, done in
      guard let base = buffer.baseAddress else { return }
      while done < count {
        let n = unsafe linux_getrandom(base + done, UInt(count - done))
        if n > 0 { done += n }
        if n <= 0, n != -Int(EINTR) {
          failure = Int32(truncatingIfNeeded: -n)
          return
        }
      }
    }
    guard failure == 0, bytes.count == count else { throw SystemError(code: failure) }
    return bytes
  }
}
