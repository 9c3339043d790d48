/// All that the board hands to its firmware, by key: the items that every board has, others, and the directory of the files
/// among these.
public struct FirmwareShelf: Sendable {
  private var items: [UInt16: FirmwareContent] = [:]
  private var directory: FirmwareDirectory

  /// - Parameter extra: wins over the items every board has.
  public init(cpuCount: Int, memorySize: UInt64, extra: [FirmwareItem] = []) throws(FirmwareConfigError) {
    directory = try FirmwareDirectory(extra)
    for item in FirmwareConfig.boardItems(cpuCount: cpuCount, memorySize: memorySize) + extra {
      if case .key(let key) = item.name { items[key] = item.content }
    }
    for file in directory.files { items[file.key] = file.content }
  }

  /// New content for a file, because something it describes has moved. False if there is no such file, or if its size, which
  /// firmware may already know, would change.
  public mutating func replace(_ file: String, with bytes: [UInt8]) -> Bool {
    guard let key = directory.files.first(where: { $0.name == file })?.key, items[key]?.count == bytes.count else { return false }
    items[key] = FirmwareContent(bytes)
    return true
  }

  /// The bytes that are asked for: fewer at the end of the item, and zeros for those that the host cannot read.
  public func bytes(_ request: FirmwareRequest) -> [UInt8] {
    if request.key == FirmwareConfig.Key.directory { return Self.bytes(request, of: FirmwareContent(directory.encoded)) }
    return items[request.key].map { Self.bytes(request, of: $0) } ?? []
  }

  private static func bytes(_ request: FirmwareRequest, of content: FirmwareContent) -> [UInt8] {
    let range = request.start..<min(request.start + request.count, max(content.count, request.start))
    guard !range.isEmpty else { return [] }
    let bytes = Array(content.bytes(range).prefix(range.count))
    return bytes + [UInt8](repeating: 0, count: range.count - bytes.count)
  }
}
