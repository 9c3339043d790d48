import Testing

/// What a guest must see whoever executes it. One at a time: some look at the process as a whole.
@Suite(.serialized, .enabled(if: !BackendKind.available.isEmpty, Comment(rawValue: BackendKind.reasonForSkipping)))
struct ConformanceTests {}
