/// A file that gets a report at the end of a run: whole or not at all, if it is not a pipe.
public struct ReportFile: Sendable {
  private enum Way: Sendable {
    case replaced(ReplacedFile)
    case pipe(OutputFile)
  }

  /// How long the host may take to store a report.
  private static let patience: UInt64 = 1_000_000_000

  public let path: String
  private let way: Way

  /// Says at once if nothing can be written there.
  public init(path: String) throws(FileError) {
    self.path = path
    switch FileKind(of: path) {
    case .pipe, .characterDevice: way = .pipe(try OutputFile(path: path))
    default: way = .replaced(try ReplacedFile(path: path))
    }
  }

  /// A sentence that says what went wrong; nil if nothing did.
  public func write(_ text: String) -> String? {
    let answer = Monitor<String??>(nil)
    do throws(SystemError) {
      _ = try HostThread(name: "report") {
        let problem = store(Array(text.utf8))
        answer.update { $0 = .some(problem) }
      }
    } catch { return "\(path): the report could not be stored (\(error))." }
    let end = HostClock.nanoseconds() + Self.patience
    return answer.wait(until: { _ in end }, for: { $0 }) ?? "\(path): the host has not yet stored the report."
  }

  private func store(_ bytes: [UInt8]) -> String? {
    switch way {
    case .pipe(let file): return file.write(bytes[...]) ? nil : "\(path): nobody took the report."
    case .replaced(let file):
      do throws(FileError) { try file.write(bytes) } catch { return "\(error.description)." }
      return nil
    }
  }
}
