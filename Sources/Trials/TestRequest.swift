/// What `swboot test` is asked for.
public struct TestRequest: Equatable, Sendable {
  /// Programs and scripts; one with blanks is a line for a shell.
  public var tests: [String] = []
  /// As `--kernel` has them; none for the host's own.
  public var kernels: [String] = []
  /// How many run at once; nil for as many as the host has processors.
  public var jobs: Int?
  public var repetitions = 1
  /// What a test's name has to contain.
  public var filter: String?
  public var shard: Shard?
  /// Options of `swboot run` for every machine.
  public var options: [String] = []
  /// Files for other programs.
  public var junit: String?
  public var report: String?
  /// TAP instead of lines for people.
  public var writesTAP = false

  public init() {}

  /// What is to be run here, in order.
  public var trials: [Trial] {
    let kernels = kernels.isEmpty ? [nil] : kernels.map(Optional.some)
    let wanted = tests.filter { filter.map($0.has) ?? true }
    let all = kernels.flatMap { kernel in
      wanted.flatMap { test in
        (1...max(1, repetitions)).map { number in
          Trial(test: test, kernel: kernel, isOnlyKernel: kernels.count == 1, repetition: repetitions > 1 ? number : nil)
        }
      }
    }
    guard let shard else { return all }
    return all.enumerated().filter { shard.has($0.offset) }.map(\.element)
  }
}

extension String {
  /// Whether another text is part of this one.
  func has(_ text: String) -> Bool {
    let (all, part) = (Array(utf8), Array(text.utf8))
    return part.count <= all.count && (0...(all.count - part.count)).contains { all[$0...].starts(with: part) }
  }
}
