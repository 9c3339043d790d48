import Primitives
public import Processor

/// Where a processor is in its kernel, and which calls may have led there.
public enum Backtrace {
  private static let mostCalls = 40

  /// One line each: where the processor is, then what lies on the stack and returns to after a call. As in the
  /// kernel's own traces, a question mark says that it may be left from an earlier call.
  public static func lines(_ state: ProcessorState, _ memory: LinearMemory, _ symbols: KernelSymbols) -> [String] {
    guard let place = symbols.symbol(at: state.rip) else { return [] }
    let stack = KernelStack(from: state.registers[4], memory, symbols)
    return [place.description] + stack.returns.prefix(mostCalls - 1).map { "? \($0.symbol)" }
  }
}
