/// What a report is, and in which version, as its first member tells. Whoever changes what a member means, here or in REPORTS.md,
/// counts it up.
public enum ReportSchema {
  /// That of one run.
  public static let run = "swboot-run/1"
  /// That of what a run did when.
  public static let timeline = "swboot-timeline/1"
  /// That of tests.
  public static let test = "swboot-test/1"
}
