/// swboot(1), made from the same table as the help.
public enum ManualPage {
  public static func text(version: String) -> String {
    var page = [".TH SWBOOT 1 \"\" \"swboot \(escaped(version))\" \"User Commands\"", ".SH NAME"]
    page.append("swboot \\- boots an unmodified kernel, disk or firmware in a virtual machine")
    page.append(".SH SYNOPSIS")
    for use in Help.uses { page += [".TP", "\\fB\(escaped(use.call))\\fR"] + use.meaning.map(escaped) }
    page.append(".SH OPTIONS")
    for topic in Option.Topic.allCases {
      page.append(".SS \(topic.rawValue)")
      for option in OptionTable.all where option.topic == topic {
        page += [".TP", "\\fB\(escaped(option.usage))\\fR"] + option.help.flatMap(line)
      }
    }
    page += [".SH NOTES"] + Help.notes.map(escaped) + [".SH EXIT STATUS"]
    for row in ExitStatusTable.rows { page += [".TP", "\\fB\(escaped(row.status))\\fR", escaped(row.meaning)] }
    return page.joined(separator: "\n") + "\n"
  }

  /// Examples keep their lines; the rest is filled.
  private static func line(_ text: String) -> [String] {
    text.hasPrefix("  ") ? [".br", escaped(text)] : [escaped(text)]
  }

  /// Text in which nothing means anything to the formatter.
  private static func escaped(_ text: String) -> String {
    var result = text.first == "." || text.first == "'" ? "\\&" : ""
    for character in text {
      switch character {
      case "\\": result += "\\e"
      case "-": result += "\\-"
      default: result.append(character)
      }
    }
    return result
  }
}
