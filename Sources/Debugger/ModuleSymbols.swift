import Primitives
internal import Processor

/// The functions of a running Linux' modules, from the symbol tables that the kernel keeps of them.
///
/// `struct module` is different in each version, but it begins with a state, its place in the list of all, and its name; and
/// somewhere behind that it points to three words: a symbol table, how many it has, and their names. The table is known by its
/// first entry, which is empty. The guest may have written anything there: every search is bounded, every read checked.
struct ModuleSymbols: Sendable {
  private struct Module: Sendable {
    let name: String
    /// The names of its symbols, with a NUL behind each.
    let names: [UInt8]
  }

  private struct Function: Sendable {
    let start: UInt64
    let size: UInt64
    /// Where its name begins, in those of its module.
    let name: Int
    let module: Int
  }

  private var modules: [Module] = []
  /// By their starts.
  private var functions: [Function] = []
  /// How many more bytes may be read for all of them together.
  private var effort = 32 << 20

  private static let mostModules = 1024
  private static let mostSymbols: UInt32 = 1 << 16
  private static let longestNames: UInt32 = 4 << 20
  /// How far the part of `struct module` extends in which the pointer is.
  private static let reach = 2048
  private static let nameSize = 56

  static let none = ModuleSymbols()

  private init() {}

  /// - Parameter head: where the kernel keeps the beginning and the end of its list of modules.
  init(from head: UInt64, _ memory: LinearMemory, _ layout: KernelLayout) {
    var next = layout.address(in: memory.bytes(layout.word, at: head), at: 0)
    for _ in 0..<Self.mostModules {
      guard let entry = next, entry != head else { break }
      // Before the entry is the state, as wide as an address with what it is aligned by.
      take(moduleAt: entry &- UInt64(layout.word), memory, layout)
      next = layout.address(in: memory.bytes(layout.word, at: entry), at: 0)
    }
    functions.sort { $0.start < $1.start }
  }

  private mutating func take(moduleAt place: UInt64, _ memory: LinearMemory, _ layout: KernelLayout) {
    let word = layout.word
    let bytes = memory.bytes(Self.reach, at: place)
    // Behind the state and the two pointers of the list.
    let nameEnd = 3 * word + Self.nameSize
    guard bytes.count > nameEnd else { return }
    let characters = bytes[(3 * word)..<nameEnd].prefix { (0x21...0x7E).contains($0) }
    guard !characters.isEmpty else { return }
    for at in stride(from: nameEnd, to: bytes.count - word + 1, by: word) {
      guard let pointer = layout.address(in: bytes, at: at), pointer % UInt64(word) == 0, pointer > 0,
        takeTables(at: pointer, of: String(decoding: characters, as: UTF8.self), memory, layout)
      else { continue }
      return
    }
  }

  /// Takes symbols and names, if a pointer leads to where their places stand.
  private mutating func takeTables(at pointer: UInt64, of module: String, _ memory: LinearMemory, _ layout: KernelLayout) -> Bool {
    let word = layout.word
    let places = memory.bytes(3 * word, at: pointer)
    guard let table = layout.address(in: places, at: 0), let count = places.load(UInt32.self, at: word), (2...Self.mostSymbols).contains(count),
      let names = layout.address(in: places, at: 2 * word), table > 0, names > table
    else { return false }
    let size = layout.symbolSize * Int(count)
    effort -= size
    guard effort > 0 else { return false }
    let bytes = memory.bytes(size, at: table)
    guard bytes.count == size, bytes.prefix(layout.symbolSize).allSatisfy({ $0 == 0 }) else { return false }
    let entries = stride(from: layout.symbolSize, to: size, by: layout.symbolSize)
    // The names are as long as the last place in them says, and a name more.
    let last = entries.compactMap { bytes.load(UInt32.self, at: $0) }.max() ?? 0
    guard last < Self.longestNames else { return false }
    effort -= Int(last)
    guard effort > 0 else { return false }
    let text = memory.bytes(Int(last) + 256, at: names)
    guard text.first == 0, text.count > Int(last) else { return false }
    for entry in entries {
      guard let name = bytes.load(UInt32.self, at: entry), let (start, size) = layout.extent(in: bytes, ofSymbolAt: entry), size > 0 else { continue }
      functions.append(Function(start: start, size: size, name: Int(name), module: modules.count))
    }
    modules.append(Module(name: module, names: text))
    return true
  }

  /// Where the function ends that an address lies in.
  func end(of address: UInt64) -> UInt64? {
    let next = functions.firstIndexBehind { $0.start <= address }
    return next > 0 ? functions[next - 1].start &+ functions[next - 1].size : nil
  }

  /// The function that an address lies in.
  func symbol(at address: UInt64) -> KernelSymbols.Symbol? {
    let next = functions.firstIndexBehind { $0.start <= address }
    guard next > 0 else { return nil }
    let function = functions[next - 1]
    let module = modules[function.module]
    guard address - function.start < function.size, module.names.indices.contains(function.name) else { return nil }
    let characters = module.names[function.name...].prefix(256).prefix { (0x21...0x7E).contains($0) }
    guard !characters.isEmpty else { return nil }
    return KernelSymbols.Symbol(name: String(decoding: characters, as: UTF8.self), offset: address - function.start, module: module.name)
  }
}
