/// One option of the command line: how it is written, what it says about itself, and what it does. Parser, help, manual
/// page and shell completion all read this.
struct Option: Sendable {
  /// Changes what the command line asks for. The value is there unless it may be left out and was.
  typealias Effect = @Sendable (inout Options, String?) throws(UsageError) -> Void

  /// The part of the help in which an option stands.
  enum Topic: String, CaseIterable {
    case boot = "what to boot"
    case run = "running a command (swboot run)"
    case testing = "running tests (swboot test, swboot report)"
    case machine = "the machine"
    case ending = "how it ends"
    case inside = "looking inside"
  }

  /// What comes behind the name.
  enum Value: Sendable {
    case none
    /// As help names it.
    case required(String, Suggestion)
    /// Behind an equals sign, or left out.
    case optional(String, Suggestion)
  }

  /// What a shell offers to complete a value with.
  enum Suggestion: Sendable {
    case files
    /// Made when a shell asks.
    case words(@Sendable () -> [String])
    case nothing
  }

  let name: String
  let value: Value
  let topic: Topic
  private let text: String
  let effect: Effect

  static func flag(_ name: String, _ topic: Topic, _ help: String, effect: @escaping @Sendable (inout Options) -> Void) -> Option {
    Option(name: name, value: .none, topic: topic, text: help) { options, _ in effect(&options) }
  }

  static func valued(
    _ name: String, _ placeholder: String, offering suggestion: Suggestion = .nothing, _ topic: Topic, _ help: String,
    effect: @escaping @Sendable (inout Options, String) throws(UsageError) -> Void
  ) -> Option {
    Option(name: name, value: .required(placeholder, suggestion), topic: topic, text: help) {
      (options: inout Options, value: String?) throws(UsageError) in try effect(&options, value ?? "")
    }
  }

  static func optional(
    _ name: String, _ placeholder: String, offering suggestion: Suggestion = .nothing, _ topic: Topic, _ help: String,
    effect: @escaping Effect
  ) -> Option {
    Option(name: name, value: .optional(placeholder, suggestion), topic: topic, text: help, effect: effect)
  }

  /// Lines of help. One that begins with two spaces is an example: it is never filled up with the next.
  var help: [String] { text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init) }

  /// The option with its value, as help writes it.
  var usage: String {
    switch value {
    case .none: name
    case .required(let placeholder, _): "\(name) \(placeholder)"
    case .optional(let placeholder, _): "\(name)[=\(placeholder)]"
    }
  }
}
