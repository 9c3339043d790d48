internal import Trials

/// The options of `swboot test` and `swboot report`.
extension OptionTable {
  static let testing: [Option] = [
    .valued("--jobs", "N", .testing, "how many tests run at once; one for each processor if not given") {
      (options, value) throws(UsageError) in options.test.jobs = try Options.number("--jobs", value, 1...1024)
    },
    .valued("--repeat", "N", .testing, "each test so many times") { (options, value) throws(UsageError) in
      options.test.repetitions = try Options.number("--repeat", value, 1...10_000)
    },
    .valued("--filter", "TEXT", .testing, "only tests that have this in their name") { options, value in options.test.filter = value },
    .valued("--shard", "I/N", .testing, "the first, second ... of N equal parts, each for a host of its own: 3/20") {
      (options, value) throws(UsageError) in
      guard let shard = Shard(value) else { throw UsageError(message: "--shard \(value): write a number and how many there are, such as 3/20.") }
      options.test.shard = shard
    },
    .valued("--junit", "FILE", offering: .files, .testing, "the results as JUnit's XML, which CI systems read") {
      (options, value) throws(UsageError) in options.test.junit = try Options.path("--junit", value)
    },
    .flag("--tap", .testing, "the results as TAP on standard output") { $0.test.writesTAP = true },
  ]
}
