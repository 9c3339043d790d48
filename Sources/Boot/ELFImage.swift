internal import Host
import Primitives

/// The loadable parts of an x86 ELF executable, checked.
struct ELFImage: Equatable {
  struct Segment: Equatable {
    let fileOffset: UInt64
    let fileSize: UInt64
    let address: UInt64
    let memorySize: UInt64
    /// The virtual address that it is linked for.
    let virtualAddress: UInt64
    var end: UInt64 { address + memorySize }
  }
  struct Extent: Equatable {
    let offset: UInt64
    let count: UInt64
  }

  let is64Bit: Bool
  let entry: UInt64
  let segments: [Segment]
  let notes: [Extent]

  /// Where the highest segment ends.
  var end: UInt64 { segments.map(\.end).max() ?? 0 }

  /// The entry as a physical address: the file may give it as a virtual address in one of its segments.
  var physicalEntry: UInt64? {
    for segment in segments where segment.virtualAddress <= entry && entry - segment.virtualAddress < segment.memorySize {
      return segment.address + (entry - segment.virtualAddress)
    }
    return holds(entry) ? entry : nil
  }

  /// Where the ELF file itself ends, by its section headers; what follows was appended to it.
  let fileEnd: UInt64

  static let headerReach = 64

  static func recognizes(_ bytes: [UInt8]) -> Bool { bytes.starts(with: [0x7F, 0x45, 0x4C, 0x46]) }

  func holds(_ address: UInt64) -> Bool { segments.contains { $0.address <= address && address < $0.end } }

  /// Where the program headers lie, after a look at the file's header.
  static func table(_ header: [UInt8], fileSize: UInt64, file: String) throws(LoadError) -> Extent {
    func refuse(_ field: String, _ problem: String) -> LoadError { .field(file: file, name: field, problem: problem) }
    guard recognizes(header) else { throw refuse("e_ident", "is not ELF's") }
    guard header.count > 6, header[4] == 1 || header[4] == 2 else { throw refuse("EI_CLASS", "is neither 32 nor 64 bit") }
    guard header[5] == 1 else { throw refuse("EI_DATA", "is not little-endian") }
    let wide = header[4] == 2
    guard header.count >= (wide ? 64 : 52), let machine = header.load(UInt16.self, at: 18),
      let offset = word(header, wide, at: wide ? 32 : 28),
      let entrySize = header.load(UInt16.self, at: wide ? 54 : 42), let count = header.load(UInt16.self, at: wide ? 56 : 44)
    else { throw refuse("the ELF header", "is cut off") }
    guard machine == (wide ? 62 : 3) else { throw refuse("e_machine", "is \(machine), not x86") }
    guard entrySize == (wide ? 56 : 32) else { throw refuse("e_phentsize", "is \(entrySize)") }
    guard count > 0, count < 0xFFFF else { throw refuse("e_phnum", "is \(count)") }
    let size = UInt64(count) * UInt64(entrySize)
    guard offset <= fileSize, size <= fileSize - offset else { throw refuse("e_phoff", "leads past the end of the file") }
    return Extent(offset: offset, count: size)
  }

  init(_ source: Source) throws(LoadError) {
    let header = try source.bytes(at: 0, count: Self.headerReach)
    let extent = try Self.table(header, fileSize: source.size, file: source.name)
    let table = try source.bytes(at: extent.offset, count: Int(extent.count))
    try self.init(header, table: table, fileSize: source.size, file: source.name)
  }

  /// - Parameter start: the first bytes of a file, with its program headers.
  init(_ start: [UInt8], fileSize: UInt64, file: String) throws(LoadError) {
    let extent = try Self.table(start, fileSize: fileSize, file: file)
    guard extent.offset + extent.count <= start.count else {
      throw .field(file: file, name: "e_phoff", problem: "leads far into the file")
    }
    let table = Array(start[Int(extent.offset)..<Int(extent.offset + extent.count)])
    try self.init(start, table: table, fileSize: fileSize, file: file)
  }

  /// - Parameter header: a header that `table` accepted.
  /// - Parameter table: the program headers.
  init(_ header: [UInt8], table: [UInt8], fileSize: UInt64, file: String) throws(LoadError) {
    func refuse(_ field: String, _ problem: String) -> LoadError { .field(file: file, name: field, problem: problem) }
    let wide = header.count > 4 && header[4] == 2
    is64Bit = wide
    guard let entry = Self.word(header, wide, at: 24) else { throw refuse("e_entry", "is cut off") }
    self.entry = entry
    fileEnd = Self.sectionsEnd(header, wide) ?? fileSize
    var segments: [Segment] = []
    var notes: [Extent] = []
    let stride = wide ? 56 : 32
    for at in Swift.stride(from: 0, through: table.count - stride, by: stride) {
      let kind = table.load(UInt32.self, at: at)
      guard kind == 1 || kind == 4 else { continue }
      guard let offset = Self.word(table, wide, at: at + (wide ? 8 : 4)),
        let virtualAddress = Self.word(table, wide, at: at + (wide ? 16 : 8)),
        let address = Self.word(table, wide, at: at + (wide ? 24 : 12)),
        let size = Self.word(table, wide, at: at + (wide ? 32 : 16)),
        let memorySize = Self.word(table, wide, at: at + (wide ? 40 : 20))
      else { throw refuse("the program headers", "are cut off") }
      guard offset <= fileSize, size <= fileSize - offset else {
        throw refuse("p_filesz", "of program header \(at / stride) leads past the end of the file")
      }
      if kind == 4 {
        notes.append(Extent(offset: offset, count: size))
        continue
      }
      guard size <= memorySize else { throw refuse("p_memsz", "of program header \(at / stride) is below p_filesz") }
      guard memorySize > 0 else { continue }
      guard !address.addingReportingOverflow(memorySize).overflow else {
        throw refuse("p_memsz", "of program header \(at / stride) wraps around")
      }
      segments.append(
        Segment(
          fileOffset: offset, fileSize: size, address: address, memorySize: memorySize, virtualAddress: virtualAddress))
    }
    guard !segments.isEmpty else { throw refuse("e_phnum", "counts nothing to load") }
    segments.sort { $0.address < $1.address }
    for (lower, upper) in zip(segments, segments.dropFirst()) where lower.end > upper.address {
      throw refuse("p_paddr", "of 0x\(upper.address.hex()) lies inside another segment")
    }
    self.segments = segments
    self.notes = notes
  }

  private static func sectionsEnd(_ header: [UInt8], _ wide: Bool) -> UInt64? {
    guard let offset = word(header, wide, at: wide ? 40 : 32),
      let size = header.load(UInt16.self, at: wide ? 58 : 46), let count = header.load(UInt16.self, at: wide ? 60 : 48)
    else { return nil }
    let (end, overflow) = offset.addingReportingOverflow(UInt64(size) * UInt64(count))
    return overflow ? nil : end
  }

  private static func word(_ bytes: [UInt8], _ wide: Bool, at offset: Int) -> UInt64? {
    wide ? bytes.load(UInt64.self, at: offset) : bytes.load(UInt32.self, at: offset).map(UInt64.init)
  }
}
