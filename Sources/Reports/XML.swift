/// Text in XML.
public enum XML {
  public static func escaped(_ text: String) -> String {
    var shown = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "&": shown += "&amp;"
      case "<": shown += "&lt;"
      case ">": shown += "&gt;"
      case "\"": shown += "&quot;"
      case "\n", "\t": shown.unicodeScalars.append(scalar)
      // XML has no way to write these.
      case _ where scalar.value < 0x20 || (0xFFFE...0xFFFF).contains(scalar.value): shown += "\u{FFFD}"
      default: shown.unicodeScalars.append(scalar)
      }
    }
    return shown
  }
}
