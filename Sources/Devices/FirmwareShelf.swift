/// All that the board hands to its firmware, by key: the items that every board has, others, and the directory of the files
/// among these.
public struct FirmwareShelf: Sendable {
  private let cpuCount: Int
  private let memorySize: UInt64
  private let extra: [FirmwareItem]
  private var directory: FirmwareDirectory

  /// - Parameter extra: wins over the items every board has.
  public init(cpuCount: Int, memorySize: UInt64, extra: [FirmwareItem] = []) throws(FirmwareConfigError) {
    directory = try FirmwareDirectory(extra)
    self.cpuCount = cpuCount
    self.memorySize = memorySize
    self.extra = extra
  }

  /// What is behind a key. The items that every board has are made when firmware looks.
  private func content(_ key: UInt16) -> FirmwareContent? {
    if key == FirmwareConfig.Key.directory { return FirmwareContent(directory.encoded) }
    if let file = directory[key] { return file.content }
    let item = extra.last { $0.name == .key(key) }
    return (item ?? FirmwareConfig.boardItems(cpuCount: cpuCount, memorySize: memorySize).first { $0.name == .key(key) })?.content
  }

  /// New content for a file, because something it describes has moved. False if there is no such file, or if its size, which
  /// firmware may already know, would change.
  public mutating func replace(_ file: String, with bytes: [UInt8]) -> Bool {
    directory.replace(file, with: bytes)
  }

  /// The bytes that are asked for: fewer at the end of the item, and zeros for those that the host cannot read.
  public func bytes(_ request: FirmwareRequest) -> [UInt8] {
    content(request.key).map { Self.bytes(request, of: $0) } ?? []
  }

  private static func bytes(_ request: FirmwareRequest, of content: FirmwareContent) -> [UInt8] {
    let range = request.start..<min(request.start + request.count, max(content.count, request.start))
    guard !range.isEmpty else { return [] }
    let bytes = Array(content.bytes(range).prefix(range.count))
    return bytes + [UInt8](repeating: 0, count: range.count - bytes.count)
  }
}
