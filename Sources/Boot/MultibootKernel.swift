public import Host
import Primitives

/// A Multiboot 1 kernel with its modules and what it is told (Multiboot Specification 0.6.96), in pieces that our
/// firmware puts into RAM: such a kernel expects a PC whose BIOS has run, and may call it.
public struct MultibootKernel: Sendable {
  public enum Content: Sendable {
    case bytes([UInt8])
    case file(HostFile, start: UInt64, count: UInt64)

    var count: UInt64 {
      switch self {
      case .bytes(let bytes): UInt64(bytes.count)
      case .file(_, _, let count): count
      }
    }
  }

  /// One part of RAM: what is copied there, and how many bytes behind it are cleared.
  public struct Piece: Sendable {
    public let address: UInt64
    public let content: Content
    public let zeroes: UInt64
    var end: UInt64 { address + size }
    public var size: UInt64 { content.count + zeroes }
  }

  public private(set) var pieces: [Piece]
  public let entry: UInt64
  /// Where the kernel's information is. The firmware enters the memory map.
  public let information: UInt64

  /// Whether a file is such a kernel, perhaps a compressed one.
  public static func isIn(_ file: HostFile) throws(LoadError) -> Bool {
    let source = Source(file)
    let start = try source.bytes(at: 0, count: Payload.reach)
    guard case .compressed(let format) = Payload(start) else { return Self.isIn(start) }
    do throws(FileError) {
      let stream = try UnpackedStream(source.file, at: 0, count: source.size, as: format)
      var start: [UInt8] = []
      try stream.next(into: &start)
      return Self.isIn(Array(start.prefix(Payload.reach)))
    } catch { throw .file(error) }
  }

  private static func isIn(_ start: [UInt8]) -> Bool {
    switch Payload(start) {
    case .elf, .multiboot: MultibootHeader.isIn(start)
    default: false
    }
  }

  /// - Parameter lowSize: how much RAM there is below 4 GiB.
  public init(_ request: LoadRequest, lowSize: UInt64) throws(LoadError) {
    var source = try request.source(request.kernel)
    if case .compressed(let format) = Payload(try source.bytes(at: 0, count: Payload.reach)) {
      source = try source.unpacked(as: format, limit: lowSize)
    }
    (pieces, entry) = try Self.kernel(source)
    for piece in pieces {
      try source.check(piece.address, count: piece.size, field: "its load address", lowSize: lowSize)
      guard Self.isFree(piece.address, to: piece.end) else {
        throw source.error("its load address", "0x\(piece.address.hex()) is where a PC keeps its BIOS: RAM is from 0x1000 to 0x9fc00, and from 1 MiB on")
      }
    }
    var top = max(pieces.map(\.end).max() ?? 0, LowMemory.end)
    var modules: [MultibootInformation.Module] = []
    for string in request.moduleStrings {
      let module = try request.source(String(string.prefix { $0 != " " }))
      let start = top.roundedUp(toMultipleOf: 4096)
      guard start <= lowSize, module.size <= lowSize - start else {
        throw module.error("its size", "of \(module.size) bytes does not fit between the end of the kernel and other modules at 0x\(start.hex()) and the end of RAM at 0x\(lowSize.hex())")
      }
      pieces.append(Piece(address: start, content: .file(module.file, start: 0, count: module.size), zeroes: 0))
      top = start + module.size
      modules.append(.init(start: start, end: top, string: string))
    }
    let information = MultibootInformation(
      commandLine: request.commandLine.isEmpty ? request.kernel : "\(request.kernel) \(request.commandLine)", modules: modules)
    guard !information.hasNUL else { throw .commandLine(problem: "contains a NUL") }
    let place = Self.place(for: UInt64(information.size), beside: pieces, top: top)
    guard place + UInt64(information.size) <= lowSize else { throw .commandLine(problem: "does not fit into RAM") }
    self.information = place
    pieces.append(Piece(address: place, content: .bytes(information.bytes(at: place)), zeroes: 0))
  }

  /// The parts of the kernel and its entry.
  private static func kernel(_ source: Source) throws(LoadError) -> ([Piece], UInt64) {
    let start = try source.bytes(at: 0, count: Payload.reach)
    guard let header = try MultibootHeader(start, fileSize: source.size, file: source.name) else {
      throw source.error("the file", "has no Multiboot header")
    }
    if let addresses = header.addresses {
      let content = Content.file(source.file, start: source.start + addresses.fileOffset, count: addresses.fileSize)
      return ([Piece(address: addresses.load, content: content, zeroes: addresses.memorySize - addresses.fileSize)], addresses.entry)
    }
    guard case .elf = Payload(start) else { throw source.error("Multiboot flags", "give no load address, and the file is not ELF") }
    let image = try ELFImage(source)
    guard let entry = image.physicalEntry else { throw source.error("e_entry", "is outside of what is loaded") }
    let pieces = image.segments.map { segment in
      Piece(
        address: segment.address, content: .file(source.file, start: source.start + segment.fileOffset, count: segment.fileSize),
        zeroes: segment.memorySize - segment.fileSize)
    }
    return (pieces, entry)
  }

  /// Whether the BIOS has nothing there: vectors and data are below, the extended data and the BIOS itself above.
  private static func isFree(_ start: UInt64, to end: UInt64) -> Bool {
    start >= LowMemory.end || start >= 0x1000 && end <= Platform.extendedBIOSData.value
  }

  /// A place below 512 KiB where the kernel is not, or else one behind everything.
  private static func place(for size: UInt64, beside pieces: [Piece], top: UInt64) -> UInt64 {
    for start in stride(from: UInt64(0x1_0000), to: 0x8_0000, by: 0x1000) where start + size <= 0x8_0000 {
      if pieces.allSatisfy({ $0.end <= start || start + size <= $0.address }) { return start }
    }
    return top.roundedUp(toMultipleOf: 4096)
  }
}

extension MultibootKernel {
  /// How the firmware gets it: before each piece a record of its address, the bytes to copy, those to clear behind
  /// them, and 1. Behind the last piece come the entry, the place of the information, and two zeroes.
  public var stream: [Content] {
    func record(_ words: UInt64...) -> Content {
      var bytes: [UInt8] = []
      for word in words { bytes.append(littleEndian: UInt32(truncatingIfNeeded: word)) }
      return .bytes(bytes)
    }
    return pieces.flatMap { [record($0.address, $0.content.count, $0.zeroes, 1), $0.content] } + [record(entry, information, 0, 0)]
  }
}
