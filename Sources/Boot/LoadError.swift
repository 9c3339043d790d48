public import Host

/// Why a guest cannot be started: which file, which of its fields, and what is wrong with it.
public enum LoadError: Error, Equatable, Sendable, CustomStringConvertible {
  case file(FileError)
  case field(file: String, name: String, problem: String)
  case commandLine(problem: String)
  /// The host failed while it filled the guest's RAM.
  case memory(file: String)

  /// One sentence for the user.
  public var description: String {
    switch self {
    case .file(let error): error.description
    case .field(let file, let name, let problem): "\(file): \(name) \(problem)"
    case .commandLine(let problem): "the kernel command line \(problem)"
    case .memory(let file): "\(file): the host could not copy it into the guest's memory"
    }
  }
}
