internal import Host
internal import Machine

/// What ends this program before it has done anything.
extension Program {
  static func stop(_ problem: String, status: Int32 = ExitStatus.refused) -> Never {
    say(problem)
    exit(status: status)
  }

  /// What is made of the path that an option may have; a path that is no good ends the program.
  static func open<T>(_ option: String, _ path: String?, _ make: (String) throws(FileError) -> T) -> T? {
    do throws(FileError) { return try path.map(make) } catch { stop("\(option) \(error).") }
  }

  /// Where the user wants a report; says at once if nothing can be written there.
  static func openReport(_ option: String, _ path: String?) -> ReportFile? {
    open(option, path) { (path) throws(FileError) in try ReportFile(path: path) }
  }
}
