internal import Machine
internal import Reports
internal import Run
internal import Sharing

/// The values of options, each from its text.
extension Options {
  static func path(_ name: String, _ text: String) throws(UsageError) -> String {
    guard !text.isEmpty else { throw UsageError(message: "\(name) needs the path of a file.") }
    return text
  }

  /// A file whose ending says what is written there.
  static func timeline(_ text: String) throws(UsageError) -> String {
    guard text.hasSuffix(".svg") || text.hasSuffix(".json") else {
      throw UsageError(message: "--timeline \(text): end the file's name in .svg for a picture, or in .json for programs.")
    }
    return text
  }

  /// A port, or the path of a socket.
  static func debuggerPlace(_ name: String, _ text: String) throws(UsageError) -> String {
    let isNumber = !text.isEmpty && text.utf8.allSatisfy { (0x30...0x39).contains($0) }
    guard !isNumber || (1...65535).contains(Int(text) ?? 0) else {
      throw UsageError(message: "\(name) \(text): a port is a number from 1 to 65535.")
    }
    return try path(name, text)
  }

  /// opt/NAME=FILE.
  static func firmwareFile(_ text: String) throws(UsageError) -> Configuration.FirmwareFile {
    let equals = text.firstIndex(of: "=") ?? text.endIndex
    let name = String(text[..<equals])
    let length = 5...55
    guard name.hasPrefix("opt/"), length.contains(name.utf8.count), name.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
      throw UsageError(message: "--fw-cfg \(name): a name begins with opt/ and has at most 55 letters, digits and the like.")
    }
    return .init(name: name, path: try path("--fw-cfg", String(text[equals...].dropFirst())))
  }

  static func choice<T: RawRepresentable & CaseIterable>(_ name: String, _ value: String) throws(UsageError) -> T
  where T.RawValue == String {
    if let choice = T(rawValue: value) { return choice }
    let known = T.allCases.map(\.rawValue).joined(separator: ", ")
    throw UsageError(message: "\(name) \(value): choose one of \(known).")
  }

  /// `512M`, `2G`, `1048576K`; a bare number is MiB, as elsewhere.
  static func size(_ text: String) throws(UsageError) -> UInt64 {
    let unit: UInt64? =
      switch text.utf8.last {
      case UInt8(ascii: "K"), UInt8(ascii: "k"): 1 << 10
      case UInt8(ascii: "M"), UInt8(ascii: "m"): 1 << 20
      case UInt8(ascii: "G"), UInt8(ascii: "g"): 1 << 30
      case UInt8(ascii: "T"), UInt8(ascii: "t"): 1 << 40
      default: nil
      }
    let digits = text.utf8.dropLast(unit == nil ? 0 : 1)
    guard !digits.isEmpty, digits.allSatisfy({ (0x30...0x39).contains($0) }) else {
      throw UsageError(message: "--memory \(text): write a size such as 512M or 2G.")
    }
    let bytes = UInt64(Substring(digits))?.multipliedReportingOverflow(by: unit ?? 1 << 20)
    guard let bytes, !bytes.overflow, Configuration.memorySizes.contains(bytes.partialValue), bytes.partialValue % 4096 == 0
    else { throw UsageError(message: "--memory \(text): a guest has 1M to 1T, in whole pages of 4K.") }
    return bytes.partialValue
  }

  static func count(_ text: String) throws(UsageError) -> Int {
    // QEMU writes `-smp 4` or `-smp cpus=4`.
    let digits = text.hasPrefix("cpus=") ? text.dropFirst(5) : text[...]
    guard let count = Int(digits), Configuration.processorCounts.contains(count) else {
      throw UsageError(message: "--cpus \(text): write a number from 1 to 64.")
    }
    return count
  }

  static func number(_ name: String, _ text: String, _ range: ClosedRange<Int>) throws(UsageError) -> Int {
    guard let number = Int(text), range.contains(number) else {
      throw UsageError(message: "\(name) \(text): write a number from \(range.lowerBound) to \(range.upperBound).")
    }
    return number
  }

  /// A number, or zero where none is given.
  static func seed(_ text: String?) throws(UsageError) -> UInt64 {
    guard let text else { return 0 }
    guard let seed = UInt64(text) else {
      throw UsageError(message: "--deterministic=\(text): write a number, or leave it out.")
    }
    return seed
  }

  /// `text`, `1024x768`, or the standard where none is given.
  static func display(_ text: String?) throws(UsageError) -> Configuration.Display {
    guard let text else { return .standard }
    if text == "text" { return .text }
    let sides = text.split(separator: "x", omittingEmptySubsequences: false).map { Int($0) }
    guard sides.count == 2, let width = sides[0], let height = sides[1], Configuration.Display.widths.contains(width),
      Configuration.Display.heights.contains(height), width % 8 == 0
    else {
      throw UsageError(
        message: "--display=\(text): write text, or a size such as 1024x768: up to 2560x1600, the width a multiple of 8.")
    }
    return .pixels(width: width, height: height)
  }

  /// `40s`, `2m`, `500ms`, or a bare number of seconds.
  static func seconds(_ name: String, _ text: String) throws(UsageError) -> Double {
    for (suffix, factor) in [("ms", 0.001), ("s", 1), ("m", 60), ("h", 3600), ("", 1)] where text.hasSuffix(suffix) {
      if let number = Double(text.dropLast(suffix.count)), number > 0, number.isFinite, number < 1e6 {
        return number * factor
      }
    }
    throw UsageError(message: "\(name) \(text): write a time such as 40s, 500ms or 2m.")
  }

  /// The same, or zero.
  static func secondsOrNone(_ name: String, _ text: String) throws(UsageError) -> Double { text == "0" ? 0 : try seconds(name, text) }

  static func disk(_ text: String) throws(UsageError) -> Configuration.Disk {
    let parts = text.split(separator: ",", omittingEmptySubsequences: false)
    var disk = Configuration.Disk(path: try path("--disk", parts.first.map(String.init) ?? ""))
    for part in parts.dropFirst() {
      switch part {
      case "ro": disk.isReadOnly = true
      case "snapshot": disk.isSnapshot = true
      case let id where id.hasPrefix("id="):
        guard (1...20).contains(id.utf8.count - 3), id.utf8.allSatisfy({ (0x20..<0x7F).contains($0) }) else {
          throw UsageError(message: "--disk \(text): an id is 1 to 20 letters, digits and the like.")
        }
        disk.id = String(id.dropFirst(3))
      default: throw UsageError(message: "--disk \(text): \(part) is not known; choose ro, snapshot or id=NAME.")
      }
    }
    guard !(disk.isReadOnly && disk.isSnapshot) else {
      throw UsageError(message: "--disk \(text): choose ro or snapshot; nothing is written to the image by either.")
    }
    return disk
  }

  static func stream(_ name: String, _ text: String) throws(UsageError) -> Configuration.Stream {
    switch text {
    case "stdio", "-": .standard
    case "plain": .plain
    case "none", "null": .none
    default: .file(try path(name, text.hasPrefix("file:") ? String(text.dropFirst(5)) : text))
    }
  }

  /// A folder at the same place in the guest.
  static func writableFolder(_ text: String) throws(UsageError) -> RunRequest.Folder {
    RunRequest.Folder(Share(path: try path("--rw", text), isReadOnly: false))
  }

  /// `DIR=PLACE[,ro]`.
  static func sharedFolder(_ text: String) throws(UsageError) -> RunRequest.Folder {
    let isReadOnly = text.hasSuffix(",ro")
    let text = isReadOnly ? String(text.dropLast(3)) : text
    guard let equals = text.lastIndex(of: "="), equals > text.startIndex, text[equals...].hasPrefix("=/") else {
      throw UsageError(message: "--share \(text): write DIR=PLACE, or DIR=PLACE,ro; the place is a path from the guest's root, as /data.")
    }
    return RunRequest.Folder(Share(path: String(text[..<equals]), isReadOnly: isReadOnly), at: String(text[equals...].dropFirst()))
  }

  static func variable(_ text: String) throws(UsageError) -> String {
    guard let first = text.first, first != "=", !text.utf8.contains(0) else {
      throw UsageError(message: "--env \(text): write NAME, or NAME=VALUE.")
    }
    return text
  }

  /// `oops,warning`, or `none`.
  static func complaints(_ text: String) throws(UsageError) -> Set<Complaint.Kind> {
    if text == "none" { return [] }
    var kinds: Set<Complaint.Kind> = []
    for word in text.split(separator: ",", omittingEmptySubsequences: false).map(String.init) {
      let named = Complaint.Kind.named(word)
      guard !named.isEmpty else {
        throw UsageError(message: "--fail-on \(text): choose none, or some of \(Complaint.Kind.names.joined(separator: ", ")).")
      }
      kinds.formUnion(named)
    }
    return kinds
  }

  static func trace(_ text: String) throws(UsageError) -> Configuration.Trace {
    let parts = text.split(separator: ",").map(String.init)
    let files = parts.filter { $0.hasPrefix("file=") }.map { String($0.dropFirst(5)) }
    guard files.count <= 1, files != [""] else {
      throw UsageError(message: "--trace \(text): a trace goes to one file, file=FILE.")
    }
    return Configuration.Trace(events: parts.filter { !$0.hasPrefix("file=") }, file: files.first)
  }
}
