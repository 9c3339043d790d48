import CLinux

/// What a path turned out to be.
public enum FileKind: Equatable, Sendable {
  case regular, directory, pipe, characterDevice, blockDevice, socket, link, other

  /// What is at a path; nil if nothing is, or nobody can tell.
  ///
  /// - Parameter follow: a symbolic link stands for what it leads to.
  init?(of path: String, follow: Bool = true) {
    let letter = unsafe linux_path_kind(path, follow ? 1 : 0)
    guard letter >= 0, !path.utf8.contains(0) else { return nil }
    self.init(letter: letter)
  }

  init(letter: Int32) {
    self =
      switch UnicodeScalar(UInt32(bitPattern: letter)) {
      case "f": .regular
      case "d": .directory
      case "p": .pipe
      case "c": .characterDevice
      case "b": .blockDevice
      case "s": .socket
      case "l": .link
      default: .other
      }
  }

  var description: String {
    switch self {
    case .regular: "a regular file"
    case .directory: "a directory"
    case .pipe: "a pipe"
    case .characterDevice: "a character device"
    case .blockDevice: "a block device"
    case .socket: "a socket"
    case .link: "a symbolic link"
    case .other: "something else"
    }
  }
}
