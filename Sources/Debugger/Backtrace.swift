public import Processor

/// Where a processor is in its kernel, and which calls led there.
public enum Backtrace {
  private static let mostCalls = 40

  /// One line each, the innermost first. As in the kernel's own traces, a question mark says that what lies on the stack may be left
  /// from an earlier call: there is no table that says otherwise.
  public static func lines(_ state: ProcessorState, _ memory: LinearMemory, _ symbols: KernelSymbols) -> [String] {
    guard symbols.symbol(at: state.rip) != nil else { return [] }
    return Unwinder(symbols, memory).frames(state, memory).prefix(mostCalls).compactMap { frame in
      symbols.symbol(at: frame.address).map { frame.isSure ? "\($0)" : "? \($0)" }
    }
  }
}
