internal import Host
internal import Machine
internal import Reports

/// Asks `addr2line`, of GNU's binutils, for the source of a kernel's functions. It is a program of its own because debug
/// information is large, and anybody may have made it.
struct SourceFinder {
  private static let program = "addr2line"
  /// How long it may take, in nanoseconds: a kernel's debug information is half a gigabyte.
  private static let patience: UInt64 = 30_000_000_000

  /// The kernel's ELF file.
  let file: String

  init(file: String) throws(FileError) {
    let start = try HostFile(path: file).bytes(at: 0, count: 4)
    guard start == [0x7F] + Array("ELF".utf8) else { throw FileError(path: file, .noELF) }
    self.file = file
  }

  /// Puts file and line behind the functions that a report names; says what went wrong.
  func annotate(_ report: inout RunReport) -> String? {
    let names = SourcePlaces.names(in: report.texts)
    guard !names.isEmpty else { return nil }
    switch ask(names) {
    case .success(let lines) where lines.count == names.count:
      let places = SourcePlaces(names, lines)
      report.rewrite(places.annotated)
      return nil
    case .success(let lines): return "--vmlinux \(file): \(Self.program) could not read it (\(lines.first ?? "it took too long"))."
    case .failure(let error): return "--vmlinux: \(Self.program), which GNU's binutils have, cannot be started (\(error))."
    }
  }

  private func ask(_ names: [String]) -> Result<[String], SystemError> {
    Result { () throws(SystemError) in
      let process = try HostProcess(Self.program, ["-e", file] + names)
      let answer = Monitor<[UInt8]?>(nil)
      _ = try HostThread(name: Self.program) {
        var said: [UInt8] = []
        while let (_, bytes) = process.read() { said += said.count < 1 << 20 ? bytes : [] }
        _ = process.waitForEnd()
        answer.update { $0 = said }
      }
      let end = HostClock.nanoseconds() + Self.patience
      guard let said = answer.wait(until: { _ in end }, for: { $0 }) else {
        process.interrupt()
        return []
      }
      return String(decoding: said, as: UTF8.self).split(separator: "\n").map(String.init)
    }
  }
}
