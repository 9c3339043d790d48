import CLinux

/// The host's source of randomness.
public enum HostRandom {
  public static func bytes(_ count: Int) throws(SystemError) -> [UInt8] {
    var result = 0
    let bytes = unsafe [UInt8](unsafeUninitializedCapacity: count) { buffer, done in
      result = unsafe linux_getrandom(buffer.baseAddress, UInt(count))
      done = result < 0 ? 0 : count
    }
    try SystemError.check(result)
    return bytes
  }
}
