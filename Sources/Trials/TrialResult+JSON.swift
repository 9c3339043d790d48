public import Reports

extension TrialResult {
  public var json: JSON {
    .members(
      ("name", .string(trial.name)), ("test", .string(trial.test)), ("kernel", .optional(trial.kernel)), ("repetition", trial.repetition.map(JSON.integer) ?? .null),
      ("result", .string(kind.rawValue)), ("reason", .optional(reason)), ("seconds", .seconds(seconds)),
      ("complaints", .array(complaints.map(\.json))),
      ("parts", .array(parts.map { .members(("name", .string($0.name)), ("result", .string($0.result.rawValue)), ("sum", .bool($0.isSum))) })),
      ("output", .string(output)))
  }

  /// Nil where it is none.
  public init?(_ json: JSON) {
    guard let test = json["test"]?.text, let kind = json["result"]?.text.flatMap(Kind.init) else { return nil }
    let trial = Trial(test: test, kernel: json["kernel"]?.text, repetition: json["repetition"]?.integer, name: json["name"]?.text ?? test)
    self.init(trial, kind, json["reason"]?.text)
    seconds = json["seconds"]?.number ?? 0
    complaints = json["complaints"]?.list.compactMap(Complaint.init) ?? []
    output = json["output"]?.text ?? ""
    parts =
      json["parts"]?.list.compactMap { part in
        guard let name = part["name"]?.text, let result = part["result"]?.text.flatMap(KTAP.Entry.Result.init) else { return nil }
        return KTAP.Entry(name: name, result: result, isSum: part["sum"] == .bool(true))
      } ?? []
  }
}
