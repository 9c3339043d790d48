import Primitives
internal import Processor

/// Finds which functions of a Linux called each other to get where a processor is.
///
/// The kernel's own tables tell it exactly. Where there are none, as for modules, the next thing on the stack counts that returns
/// to behind a call.
struct Unwinder: Sendable {
  static let mostFrames = 64

  private let symbols: KernelSymbols
  private let table: UnwindTable?

  /// Where a function of the chain is.
  struct Frame {
    let address: UInt64
    /// It called another one, so that the address is behind it.
    let isCaller: Bool
    /// The kernel's tables have led there.
    var isSure = true
  }

  init(_ symbols: KernelSymbols, _ memory: LinearMemory) {
    self.symbols = symbols
    table = symbols.layout.word == 8 ? UnwindTable(of: symbols, memory) : nil
  }

  /// The innermost first.
  func frames(_ state: ProcessorState, _ memory: LinearMemory) -> [Frame] {
    var frames = [Frame(address: state.rip, isCaller: false)]
    var walk = Walk(state, memory, symbols.layout)
    while frames.count < Self.mostFrames, let last = frames.last {
      guard let next = step(&walk, from: last) else { break }
      frames.append(next)
    }
    return frames
  }

  private func step(_ walk: inout Walk, from last: Frame) -> Frame? {
    guard let entry = table?.entry(at: last.isCaller ? last.address &- 1 : last.address) else {
      return walk.nextReturn(symbols, isCaller).map { Frame(address: $0, isCaller: true, isSure: false) }
    }
    return walk.leave(by: entry)
  }

  /// Whether a place on a stack, with what lies above it there, is what a call has left: the way on from there must lead to a call, too.
  private func isCaller(_ address: UInt64, _ above: Walk) -> Bool {
    guard let entry = table?.entry(at: address &- 1) else { return true }
    var above = above
    if entry.kind == .end || entry.stackBase == .undefined { return true }
    guard entry.kind == .call, let next = above.leave(by: entry) else { return false }
    return above.returns(to: next.address)
  }
}

/// A stack on the way from a function to its callers.
private struct Walk {
  private let memory: LinearMemory
  private let layout: KernelLayout
  private let registers: [UInt64]
  private var sp: UInt64
  private var bp: UInt64

  /// In a frame of all registers.
  private static let (bpPlace, ipPlace): (UInt64, UInt64) = (32, 128)

  init(_ state: ProcessorState, _ memory: LinearMemory, _ layout: KernelLayout) {
    (self.memory, self.layout) = (memory, layout)
    (registers, sp, bp) = (state.registers, state.registers[4], state.registers[5])
  }

  /// Nil where the chain ends.
  mutating func leave(by entry: UnwindTable.Entry) -> Unwinder.Frame? {
    let offset = UInt64(bitPattern: Int64(entry.stackOffset))
    let base: UInt64? =
      switch entry.stackBase {
      case .sp: sp &+ offset
      case .bp: bp &+ offset
      case .dx: registers[2] &+ offset
      case .di: registers[7] &+ offset
      case .r10: registers[10] &+ offset
      case .r13: registers[13] &+ offset
      case .atSP: memory.word(at: sp).map { $0 &+ offset }
      case .atBP: memory.word(at: bp &+ offset)
      case .undefined, .previousStack: nil
      }
    guard let base else { return nil }
    switch entry.kind {
    case .call:
      guard let address = memory.word(at: base &- 8) else { return nil }
      restoreFrame(entry, base)
      sp = base
      return layout.window.contains(address) || address >> 47 == 0x1FFFF ? Unwinder.Frame(address: address, isCaller: true) : nil
    case .registers:
      let frame = interrupted(at: base &+ Self.ipPlace)
      if let saved = memory.word(at: base &+ Self.bpPlace) { bp = saved }
      return frame
    case .interruptFrame: return interrupted(at: base)
    case .end: return nil
    }
  }

  /// Goes on with what an exception or interrupt has left on the stack: RIP, CS, RFLAGS, RSP.
  private mutating func interrupted(at place: UInt64) -> Unwinder.Frame? {
    guard let address = memory.word(at: place), let selector = memory.word(at: place &+ 8), let stack = memory.word(at: place &+ 24),
      selector & 3 == 0
    else { return nil }
    sp = stack
    return Unwinder.Frame(address: address, isCaller: false)
  }

  private mutating func restoreFrame(_ entry: UnwindTable.Entry, _ base: UInt64) {
    let offset = UInt64(bitPattern: Int64(entry.frameOffset))
    switch entry.frameBase {
    case .previousStack: if let saved = memory.word(at: base &+ offset) { bp = saved }
    case .bp: if let saved = memory.word(at: bp &+ offset) { bp = saved }
    default: break
    }
  }

  /// Whether an address is behind a call.
  func returns(to address: UInt64) -> Bool { KernelStack.follows(call: address, memory) }

  /// The next word on this stack that lies behind a call, if who knows more thinks so, too.
  mutating func nextReturn(_ symbols: KernelSymbols, _ isCaller: (UInt64, Walk) -> Bool) -> UInt64? {
    var above = self
    for found in KernelStack(from: sp, memory, symbols).returns {
      above.sp = found.above
      guard isCaller(found.address, above) else { continue }
      self = above
      return found.address
    }
    return nil
  }
}
