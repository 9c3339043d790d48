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
    var content: FirmwareContent
  }

  private static let nameSize = 56
  /// Arbitrary, and far below the number of keys.
  private static let largestCount = 1024

  private var files: [File] = []

  init(_ items: [FirmwareItem]) throws(FirmwareConfigError) {
    for item in items {
      guard case .file(let name) = item.name else { continue }
      guard !name.isEmpty, name.utf8.count < Self.nameSize, name.utf8.allSatisfy({ (0x21...0x7E).contains($0) })
      else { throw .badName(name) }
      guard UInt32(exactly: item.content.largestCount) != nil else { throw .tooLarge(name) }
      guard files.count < Self.largestCount else { throw .tooManyFiles(files.count + 1) }
      // Most come in their order.
      let place = files.lastIndex { $0.name <= name }
      guard place.map({ files[$0].name == name }) != true else { throw .duplicate(name) }
      files.insert(File(name: name, content: item.content), at: place.map { $0 + 1 } ?? 0)
    }
  }

  /// The file with a key.
  subscript(_ key: UInt16) -> File? {
    let number = Int(key) - Int(FirmwareConfig.Key.firstFile)
    return files.indices.contains(number) ? files[number] : nil
  }

  /// New content of the same size; false if there is no such file, or if it had another.
  mutating func replace(_ name: String, with bytes: [UInt8]) -> Bool {
    guard let number = files.firstIndex(where: { $0.name == name }), files[number].content.count == bytes.count else { return false }
    files[number].content = FirmwareContent(bytes)
    return true
  }

  /// The directory as the guest reads it, big-endian.
  var encoded: [UInt8] {
    var bytes: [UInt8] = []
    bytes.append(littleEndian: UInt32(files.count).byteSwapped)
    for (number, file) in files.enumerated() {
      bytes.append(littleEndian: UInt32(truncatingIfNeeded: file.content.count).byteSwapped)
      bytes.append(littleEndian: (FirmwareConfig.Key.firstFile + UInt16(number)).byteSwapped)
      bytes.append(littleEndian: UInt16(0))
      bytes += file.name.utf8
      bytes += [UInt8](repeating: 0, count: Self.nameSize - file.name.utf8.count)
    }
    return bytes
  }
}
