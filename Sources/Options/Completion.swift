/// The shells for which swboot writes its completion.
public enum Shell: String, Sendable, CaseIterable {
  case bash
  case zsh
  case fish

  /// What completes swboot's options and their values when this shell sources it.
  public var completion: String {
    switch self {
    case .bash: Completion.bash
    case .zsh: "autoload -Uz bashcompinit && bashcompinit\n" + Completion.bash
    case .fish: Completion.fish
    }
  }
}

enum Completion {
  private static let commands = ["run", "test", "report", "doctor", "machine", "manual", "completion"]

  static var bash: String {
    var cases: [String] = []
    var names = commands
    for option in OptionTable.all {
      names.append(option.name)
      guard case .required(_, let suggestion) = option.value else { continue }
      cases.append("    \(option.name)) \(bashAnswer(suggestion)); return ;;")
    }
    cases.append("    completion) \(bashAnswer(.words { Shell.allCases.map(\.rawValue) })); return ;;")
    return """
      _swboot() {
        local word=${COMP_WORDS[COMP_CWORD]}
        case ${COMP_WORDS[COMP_CWORD-1]} in
      \(cases.joined(separator: "\n"))
        esac
        COMPREPLY=($(compgen -W "\(names.joined(separator: " "))" -- "$word"))
      }
      complete -o filenames -F _swboot swboot

      """
  }

  private static func bashAnswer(_ suggestion: Option.Suggestion) -> String {
    switch suggestion {
    case .files: "COMPREPLY=($(compgen -f -- \"$word\"))"
    case .words(let words): "COMPREPLY=($(compgen -W \"\(words().joined(separator: " "))\" -- \"$word\"))"
    case .nothing: "COMPREPLY=()"
    }
  }

  static var fish: String {
    var lines = ["complete -c swboot -f"]
    for command in commands { lines.append("complete -c swboot -n __fish_use_subcommand -a \(command)") }
    lines.append("complete -c swboot -n '__fish_seen_subcommand_from completion' -a '\(Shell.allCases.map(\.rawValue).joined(separator: " "))'")
    for option in OptionTable.all {
      let text = (option.help.first ?? "").split(separator: "'").joined(separator: "\\'")
      lines.append("complete -c swboot -l \(option.name.dropFirst(2))\(fishValue(option.value)) -d '\(text)'")
    }
    return lines.joined(separator: "\n") + "\n"
  }

  private static func fishValue(_ value: Option.Value) -> String {
    switch value {
    case .none, .optional(_, .nothing), .optional(_, .files): ""
    case .optional(_, .words(let words)): " -a '\(words().joined(separator: " "))'"
    case .required(_, .files): " -rF"
    case .required(_, .words(let words)): " -xa '\(words().joined(separator: " "))'"
    case .required(_, .nothing): " -x"
    }
  }
}
