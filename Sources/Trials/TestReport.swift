public import Reports

/// What `swboot test` has found out, for people and programs. REPORTS.md tells what its members mean.
public struct TestReport: Equatable, Sendable {
  /// Some trial cannot be judged, and none has failed: what `git bisect run` passes over.
  public static let unjudged: Int32 = 125

  public var results: [TrialResult] = []
  /// Which part of all trials these are.
  public var shard: Shard?
  /// Trials that were to be run and were not.
  public var missing: [String] = []
  public var seconds = 0.0

  public init() {}

  public func count(_ kind: TrialResult.Kind) -> Int { results.count { $0.kind == kind } }

  /// Of which there is something to tell.
  var bad: [TrialResult] { results.filter { $0.kind == .failed || $0.kind == .unjudged } }

  public var status: Int32 { count(.failed) > 0 ? 1 : count(.unjudged) > 0 || !missing.isEmpty ? Self.unjudged : 0 }

  // MARK: For programs

  public func json(version: String) -> JSON {
    .members(
      ("schema", .string(ReportSchema.test)), ("swboot", .string(version)), ("status", .integer(Int(status))),
      ("shard", .optional(shard?.text)), ("seconds", .seconds(seconds)),
      ("counts", .object(TrialResult.Kind.allCases.map { JSON.Member($0.rawValue, .integer(count($0))) })),
      ("missing", .strings(missing)), ("results", .array(results.map(\.json))))
  }

  /// One of these, or of a single run; nil for anything else.
  public init?(_ json: JSON) {
    switch json["schema"]?.text {
    case ReportSchema.test:
      results = json["results"]?.list.compactMap(TrialResult.init) ?? []
      shard = json["shard"]?.text.flatMap(Shard.init)
      missing = json["missing"]?.list.compactMap(\.text) ?? []
      seconds = json["seconds"]?.number ?? 0
    case ReportSchema.run:
      let arguments = json["arguments"]?.list.compactMap(\.text) ?? []
      let command = arguments.firstIndex(of: "--").map { arguments[($0 + 1)...].joined(separator: " ") }
      let trial = Trial(test: command ?? "a boot", kernel: json["kernel"]?["file"]?.text, isOnlyKernel: false, repetition: nil)
      results = [TrialResult(trial, status: Int32(truncatingIfNeeded: json["status"]?.integer ?? 0), report: json, results: KTAP(), output: "")]
      seconds = results[0].seconds
    default: return nil
    }
  }

  /// All that several have found out, together; shards that none of them is are missing.
  public init(merging reports: [TestReport]) {
    results = reports.flatMap(\.results)
    missing = reports.flatMap(\.missing)
    seconds = reports.map(\.seconds).reduce(0, +)
    let shards = reports.compactMap(\.shard)
    for count in Set(shards.map(\.count)).sorted() {
      let there = Set(shards.filter { $0.count == count }.map(\.number))
      missing += (1...count).filter { !there.contains($0) }.map { "shard \($0)/\(count)" }
    }
  }
}
