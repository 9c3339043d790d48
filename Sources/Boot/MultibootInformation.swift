import Primitives

/// What a Multiboot 1 kernel is told (Multiboot Specification 0.6.96, 3.3), but for the memory map, which is known
/// when the kernel is put into RAM: there is room for it.
struct MultibootInformation {
  struct Module {
    let start: UInt64
    let end: UInt64
    let string: String
  }

  let commandLine: String
  let modules: [Module]

  private static let loaderName = "swboot"
  /// Each entry has 24 bytes.
  private static let mapRoom = 32 * 24
  private static let mapOffset = 96

  private var modulesOffset: Int { Self.mapOffset + Self.mapRoom }
  private var stringsOffset: Int { modulesOffset + modules.count * 16 }
  private var strings: [String] { [Self.loaderName, commandLine] + modules.map(\.string) }

  var size: Int { stringsOffset + strings.reduce(0) { $0 + $1.utf8.count + 1 } }
  var hasNUL: Bool { strings.contains { $0.utf8.contains(0) } }

  /// As it lies at an address.
  func bytes(at start: UInt64) -> [UInt8] {
    func place(_ offset: Int) -> UInt32 { UInt32(truncatingIfNeeded: start + UInt64(offset)) }
    var bytes = [UInt8](repeating: 0, count: stringsOffset)
    var places: [UInt32] = []
    for string in strings {
      places.append(place(bytes.count))
      bytes += Array(string.utf8) + [0]
    }
    let commandLineFlag: UInt32 = 1 << 2
    let modulesFlag: UInt32 = 1 << 3
    let loaderNameFlag: UInt32 = 1 << 9
    bytes.store(commandLineFlag | modulesFlag | loaderNameFlag, at: 0)
    bytes.store(places[1], at: 16)
    bytes.store(UInt32(truncatingIfNeeded: modules.count), at: 20)
    bytes.store(place(modulesOffset), at: 24)
    bytes.store(place(Self.mapOffset), at: 48)
    bytes.store(places[0], at: 64)
    for (number, module) in modules.enumerated() {
      let entry = modulesOffset + number * 16
      bytes.store(UInt32(truncatingIfNeeded: module.start), at: entry)
      bytes.store(UInt32(truncatingIfNeeded: module.end), at: entry + 4)
      bytes.store(places[2 + number], at: entry + 8)
    }
    return bytes
  }
}
