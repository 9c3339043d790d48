import Glibc
import CLinux

/// Who has called this program, and from where.
public enum Caller {
  public static var user: UInt32 { geteuid() }
  public static var group: UInt32 { getegid() }

  public static var groups: [UInt32] {
    let count = getgroups(0, nil)
    guard count > 0 else { return [] }
    var groups = [gid_t](repeating: 0, count: Int(count))
    let found = unsafe getgroups(count, &groups)
    return Array(groups.prefix(Int(max(found, 0))))
  }

  /// Nil if it has been removed.
  public static var folder: String? {
    let limit = Int(PATH_MAX)
    let bytes = unsafe [CChar](unsafeUninitializedCapacity: limit) { buffer, count in
      count = unsafe getcwd(buffer.baseAddress, limit) == nil ? 0 : unsafe strlen(buffer.baseAddress!)
    }
    return bytes.isEmpty ? nil : String(decoding: bytes.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  /// A variable of the environment.
  public static func variable(_ name: String) -> String? { unsafe getenv(name).map { unsafe String(cString: $0) } }

  /// Every variable of the environment whose name begins so.
  public static func variables(beginning prefix: String) -> [String] {
    var list: [String] = []
    while let text = unsafe linux_variable(Int32(list.count)) { unsafe list.append(String(cString: text)) }
    return list.filter { $0.hasPrefix(prefix) }
  }

  /// The version of the host's kernel, as `uname -r` has it.
  public static var kernelRelease: String { unsafe String(cString: linux_release()) }
}
