internal import Host
internal import Reports

/// Asks `objdump`, of GNU's binutils, for all lines of a kernel's source. It is a program of its own because debug information is
/// large, and anybody may have made it.
struct LineFinder {
  private static let program = "objdump"
  /// How long it may take, in nanoseconds: five million lines take as many seconds.
  private static let patience: UInt64 = 120_000_000_000

  /// What was executed, for `lcov`; or a sentence that says what went wrong.
  static func lcov(_ coverage: Coverage, of file: String) -> Result<String, Problem> {
    do throws(SystemError) {
      let process = try HostProcess(program, ["-t", "--dwarf=decodedline", file])
      let answer = Monitor<String?>(nil)
      _ = try HostThread(name: program) {
        var lines = LineCoverage(coverage.instructions)
        while let (_, bytes) = process.read() { lines.take(bytes) }
        _ = process.waitForEnd()
        let text = lines.isEmpty ? "" : lines.lcov
        answer.update { $0 = text }
      }
      let end = HostClock.nanoseconds() + patience
      guard let text = answer.wait(until: { _ in end }, for: { $0 }) else {
        process.interrupt()
        return .failure(Problem(text: "--vmlinux \(file): \(program) took too long to read it, so there is no coverage."))
      }
      return text.isEmpty ? .failure(Problem(text: "--vmlinux \(file): no line of the source of this kernel is in it, so there is no coverage.")) : .success(text)
    } catch { return .failure(Problem(text: "--vmlinux: \(program), which GNU's binutils have, cannot be started (\(error)).")) }
  }

  struct Problem: Error { let text: String }
}
