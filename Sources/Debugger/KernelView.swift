public import GuestRAM
import Primitives
public import Processor

/// What is known of a guest's Linux while it runs: the functions in which a processor is, by their names.
///
/// Its symbols are read when they are first wanted and there, and those of modules again when an address has none.
public struct KernelView: Sendable {
  /// Where a processor is.
  public enum Place: Equatable, Sendable {
    /// Code of ring 3.
    case program
    /// In the kernel, or in what runs before it; nothing is known of it.
    case unknown
    /// Functions, the innermost first.
    case kernel([String])
  }

  private let memory: GuestMemory
  private var known: (symbols: KernelSymbols, unwinder: Unwinder)?
  /// How many looks are left until the symbols are searched for again, and how many there were the last time.
  private var wait = 0
  private var lastWait = 0
  private var strangers = 0
  private var names: [UInt64: String] = [:]

  private static let longestWait = 256
  private static let mostNames = 1 << 16

  public init(_ memory: GuestMemory) { self.memory = memory }

  /// Whether a processor is where a Linux maps itself, whatever it is called there.
  public static func isKernel(_ state: ProcessorState) -> Bool {
    state.cr0 >> 31 & 1 != 0 && (state.efer & 0x400 != 0 ? KernelLayout.wide : .narrow).window.contains(state.rip)
  }

  public mutating func place(of state: ProcessorState) -> Place {
    if state.cs.selector & 3 == 3 { return .program }
    guard state.cr0 >> 31 & 1 != 0, find(state), let known else { return .unknown }
    let view = LinearMemory(state, memory)
    // What runs before the kernel may have taken a place that the kernel had before a reset.
    guard name(of: state.rip, view) != nil else { return .unknown }
    return .kernel(known.unwinder.frames(state, view).compactMap { frame in name(of: frame.isCaller ? frame.address &- 1 : frame.address, view) })
  }

  private mutating func find(_ state: ProcessorState) -> Bool {
    if known != nil { return true }
    if wait > 0 {
      wait -= 1
      return false
    }
    (wait, lastWait) = (lastWait, min(2 * lastWait + 1, Self.longestWait))
    // Only where the kernel itself runs its tables are surely there.
    guard Self.isKernel(state), let found = KernelSymbols.ofKernel(run: [state], memory) else { return false }
    known = (found.symbols, Unwinder(found.symbols, found.view))
    return true
  }

  private mutating func name(of address: UInt64, _ view: LinearMemory) -> String? {
    if let name = names[address] { return name }
    guard let symbol = known?.symbols.symbol(at: address) ?? newcomer(address, view) else { return nil }
    if names.count < Self.mostNames { names[address] = symbol.function }
    return symbol.function
  }

  /// The symbol of an address that had none, if a module has come with it. Who has none in the end is looked up ever more rarely.
  private mutating func newcomer(_ address: UInt64, _ view: LinearMemory) -> KernelSymbols.Symbol? {
    strangers += 1
    guard strangers & (strangers - 1) == 0 else { return nil }
    known?.symbols.readModules(view)
    return known?.symbols.symbol(at: address)
  }
}
