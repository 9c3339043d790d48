extension Complaint {
  public var json: JSON {
    .members(
      ("kind", .string(kind.rawValue)), ("title", .string(title)), ("seconds", .seconds(time)), ("text", .string(lines.joined(separator: "\n"))))
  }

  /// Nil where it is none.
  public init?(_ json: JSON) {
    guard let kind = json["kind"]?.text.flatMap(Kind.init), let title = json["title"]?.text, let text = json["text"]?.text else { return nil }
    self.init(title: title, kind: kind, time: json["seconds"]?.number, lines: text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init))
  }
}
