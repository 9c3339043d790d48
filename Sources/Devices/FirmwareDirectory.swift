import Primitives

/// Why the board cannot hand something to its firmware.
public enum FirmwareConfigError: Error, Equatable, CustomStringConvertible {
  /// A name is 1 to 55 visible ASCII characters.
  case badName(String)
  case duplicate(String)
  case tooManyFiles(Int)
  case tooLarge(String)

  public var description: String {
    switch self {
    case .badName(let name): "firmware file name '\(name)' is not 1 to 55 ASCII characters"
    case .duplicate(let name): "firmware file '\(name)' is given twice"
    case .tooManyFiles(let count): "\(count) firmware files are too many"
    case .tooLarge(let name): "firmware file '\(name)' is larger than 4 GiB"
    }
  }
}

/// The list of files behind fw_cfg's directory key, sorted by name, keys in that order.
struct FirmwareDirectory: Sendable {
  struct File: Sendable {
    let name: String
    let key: UInt16
    let content: FirmwareContent
  }

  private static let nameSize = 56
  /// Arbitrary, and far below the number of keys.
  private static let largestCount = 1024

  let files: [File]

  init(_ items: [FirmwareItem]) throws(FirmwareConfigError) {
    var named: [(name: String, content: FirmwareContent)] = []
    for item in items { if case .file(let name) = item.name { named.append((name, item.content)) } }
    guard named.count <= Self.largestCount else { throw .tooManyFiles(named.count) }
    named.sort { $0.name < $1.name }
    var files: [File] = []
    for (number, (name, content)) in named.enumerated() {
      guard !name.isEmpty, name.utf8.count < Self.nameSize, name.utf8.allSatisfy({ (0x21...0x7E).contains($0) })
      else { throw .badName(name) }
      guard files.last?.name != name else { throw .duplicate(name) }
      guard UInt32(exactly: content.largestCount) != nil else { throw .tooLarge(name) }
      files.append(File(name: name, key: FirmwareConfig.Key.firstFile + UInt16(number), content: content))
    }
    self.files = files
  }

  /// The directory as the guest reads it, big-endian.
  var encoded: [UInt8] {
    var bytes: [UInt8] = []
    bytes.append(littleEndian: UInt32(files.count).byteSwapped)
    for file in files {
      bytes.append(littleEndian: UInt32(truncatingIfNeeded: file.content.count).byteSwapped)
      bytes.append(littleEndian: file.key.byteSwapped)
      bytes.append(littleEndian: UInt16(0))
      bytes += file.name.utf8
      bytes += [UInt8](repeating: 0, count: Self.nameSize - file.name.utf8.count)
    }
    return bytes
  }
}
