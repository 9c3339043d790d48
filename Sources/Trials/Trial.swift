/// One test on one kernel, once.
public struct Trial: Equatable, Sendable {
  public let test: String
  /// Nil for the host's own.
  public let kernel: String?
  /// Which time it is; nil if there is but one.
  public let repetition: Int?

  public init(test: String, kernel: String?, repetition: Int?) {
    self.test = test
    self.kernel = kernel
    self.repetition = repetition
  }

  public var name: String { [test, kernel.map { "on \($0)" }, repetition.map { "(\($0))" }].compactMap(\.self).joined(separator: " ") }

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
