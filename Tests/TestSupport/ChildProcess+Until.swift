import Glibc

extension ChildProcess {
  /// Runs a program that need not end, until its output holds all these texts or the time is over; returns the output.
  public static func output(of program: String, _ arguments: [String], until texts: [String], seconds: Int) -> String {
    var ends: [Int32] = [-1, -1]
    guard unsafe pipe(&ends) == 0 else { return "no pipe" }
    var actions = unsafe posix_spawn_file_actions_t()
    unsafe posix_spawn_file_actions_init(&actions)
    defer { unsafe posix_spawn_file_actions_destroy(&actions) }
    unsafe posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    unsafe posix_spawn_file_actions_adddup2(&actions, ends[1], 1)
    for end in ends { unsafe posix_spawn_file_actions_addclose(&actions, end) }
    unsafe posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0)
    var list: [UnsafeMutablePointer<CChar>?] = unsafe ([program] + arguments).map { unsafe strdup($0) }
    unsafe list.append(nil)
    defer { for unsafe pointer in unsafe list { unsafe free(pointer) } }
    var child = pid_t()
    let started = unsafe posix_spawn(&child, program, &actions, nil, list, environ)
    close(ends[1])
    defer { close(ends[0]) }
    guard started == 0 else { return "\(program) cannot be run" }
    var bytes: [UInt8] = []
    var last = time(nil) + seconds
    while true {
      var wait = pollfd(fd: ends[0], events: Int16(POLLIN), revents: 0)
      let left = last - time(nil)
      guard left > 0, unsafe poll(&wait, 1, Int32(left) * 1000) > 0 else { break }
      var piece = [UInt8](repeating: 0, count: 4096)
      let count = unsafe read(ends[0], &piece, piece.count)
      guard count > 0 else { break }
      bytes += piece.prefix(count)
      let text = String(decoding: bytes, as: UTF8.self)
      // What belongs to them may still be on its way.
      if texts.allSatisfy({ text.contains($0) }) { last = min(last, time(nil) + 1) }
    }
    kill(child, SIGTERM)
    var status: Int32 = 0
    unsafe waitpid(child, &status, 0)
    return String(decoding: bytes, as: UTF8.self)
  }
}
