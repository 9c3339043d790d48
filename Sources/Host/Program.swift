internal import CLinux
internal import CVersion
import Glibc
import Synchronization

/// This program as its caller sees it.
public enum Program {
  /// The version, and the commit it was built from.
  public static var version: String { unsafe String(cString: swboot_version) }

  /// Makes sure that descriptors 0 to 2 exist, so that nothing else gets their numbers: a caller may have closed them.
  public static func holdStandardStreams() {
    for number: Int32 in 0...2 where fcntl(number, F_GETFD) < 0 {
      _ = unsafe open("/dev/null", number == 0 ? O_RDONLY : O_WRONLY)
    }
  }

  /// Lets the program have as many descriptors as the host allows it.
  public static func allowDescriptors() {
    var limit = rlimit()
    guard unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return }
    limit.rlim_cur = limit.rlim_max
    _ = unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
  }

  /// Large arrays go back to the host when nobody needs them any more: a kernel is unpacked once, and then the guest runs.
  public static func returnLargeArrays() { linux_return_blocks(1 << 20) }

  /// Lets all threads have their objects from one heap. None then begins by asking the host for one of its own: on a busy host a thread that
  /// waits for its turn in the midst of that holds up all others that want memory.
  public static func shareHeap() { linux_share_heap() }

  /// The number by which the host knows this process.
  public static var number: Int32 { getpid() }

  /// How many processors of the host it may have work for.
  public static var processors: Int { max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN)))) }

  /// What the caller wrote behind the program's name. It comes from the kernel, and needs no file of the host.
  public static var arguments: [String] {
    var list: [String] = []
    while let text = unsafe linux_argument(Int32(list.count + 1)) { unsafe list.append(String(cString: text)) }
    return list
  }

  /// Lines on standard error. It exists from the first one on.
  private static let messages = Mutex<OutputStream.Voice?>(nil)

  /// A line on standard error, by whichever thread. Nobody waits for its reader, and the reader's terminal obeys nothing
  /// that is in it.
  public static func say(_ line: String) {
    let bytes = Array("swboot: \(line.harmless)\(Terminal.lineEnd)".utf8)
    messages.withLock { messages in
      if messages == nil { messages = try? OutputStream(name: "messages", to: .standardError).voice() }
      messages?.put(bytes)
    }
  }

  /// Ends at once: threads that still wait for input or output do not matter any more. Messages have a moment to arrive.
  public static func exit(status: Int32) -> Never {
    messages.withLock { $0 }?.stream.drain(until: HostClock.nanoseconds() + 250_000_000)
    Terminal.giveBack()
    _exit(status)
  }
}
