/// One test on one kernel, once.
public struct Trial: Equatable, Sendable {
  public let test: String
  /// Nil for the host's own.
  public let kernel: String?
  /// Which time it is; nil if there is but one.
  public let repetition: Int?
  /// What tells it from all others.
  public let name: String

  /// - Parameter isOnlyKernel: the others are on the same, so that it tells nothing.
  public init(test: String, kernel: String?, isOnlyKernel: Bool, repetition: Int?) {
    let place = isOnlyKernel ? nil : kernel.map { "on \($0)" }
    let name = [test, place, repetition.map { "(\($0))" }].compactMap(\.self).joined(separator: " ")
    self.init(test: test, kernel: kernel, repetition: repetition, name: name)
  }

  init(test: String, kernel: String?, repetition: Int?, name: String) {
    self.test = test
    self.kernel = kernel
    self.repetition = repetition
    self.name = name
  }

  /// What the guest is to execute.
  private var command: [String] { test.contains(" ") ? ["sh", "-c", test] : [test] }

  /// How swboot is called to do it.
  func arguments(_ options: [String], report: String) -> [String] {
    let timeout = options.contains { $0 == "--timeout" || $0.hasPrefix("--timeout=") } ? [] : ["--timeout", Self.timeout]
    return ["run"] + options + (kernel.map { ["--kernel", $0] } ?? []) + timeout + ["--report", report, "--"] + command
  }

  /// A test that hangs ends by itself.
  private static let timeout = "10m"
}
