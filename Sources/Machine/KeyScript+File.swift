internal import Host

extension KeyScript {
  private static let largestFile: UInt64 = 1 << 20

  /// Reads a script of the user's, who asks for pictures only where there is a display.
  init(file path: String, hasDisplay: Bool) throws(MachineError) {
    do {
      let bytes = try HostFile(path: path).contents(limit: Self.largestFile)
      try self.init(String(decoding: bytes, as: UTF8.self))
    } catch let problem as KeyScript.Problem {
      throw MachineError("--keys \(path): line \(problem.line): \(problem.words).")
    } catch {
      throw MachineError(error)
    }
    for (line, step) in steps {
      guard case .screenshot = step, !hasDisplay else { continue }
      throw MachineError("--keys \(path): line \(line): there is no picture without --display.")
    }
  }
}
