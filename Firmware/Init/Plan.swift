/// What the first process shall do, as the host has written it into the initial RAM disk: words and what they mean, each
/// with a NUL behind it, in pairs.
public struct Plan: Sendable {
  /// A folder of the host: its number in the shared file system, and where it goes.
  struct Share: Equatable, Sendable {
    let number: Text
    let place: Text
  }

  private(set) var modules: [Text] = []
  private(set) var shares: [Share] = []
  private(set) var arguments: [Text] = []
  private(set) var variables: [Text] = []
  private(set) var groups: [UInt32] = []
  private(set) var user: UInt32 = 0
  private(set) var group: UInt32 = 0
  private(set) var folder: Text = "/"
  private(set) var hasTerminal = false

  public init(_ bytes: [UInt8]) {
    var words = bytes.split(separator: 0, omittingEmptySubsequences: false)[...]
    while words.count > 2 {
      take(Text(words.removeFirst()), Text(words.removeFirst()))
    }
  }

  private mutating func take(_ word: Text, _ value: Text) {
    switch word {
    case "module": modules.append(value)
    case "share":
      // A number, a space, a path.
      let number = value.content.prefix { $0 != 0x20 }
      shares.append(Share(number: Text(number), place: Text(value.content.dropFirst(number.count + 1))))
    case "argument": arguments.append(value)
    case "variable": variables.append(value)
    case "group": groups.append(UInt32(truncatingIfNeeded: value.number ?? 0))
    case "user": user = UInt32(truncatingIfNeeded: value.number ?? 0)
    case "main-group": group = UInt32(truncatingIfNeeded: value.number ?? 0)
    case "folder": folder = value
    case "terminal": hasTerminal = true
    default: break
    }
  }

  /// Where a command is looked for that has no slash in its name.
  var searchPath: [Text] {
    let path: Text = "PATH="
    guard let variable = variables.first(where: { $0.starts(with: path) }) else { return ["/usr/bin", "/bin"] }
    return Text(variable.content.dropFirst(path.count)).parts(between: 0x3A)
  }
}
