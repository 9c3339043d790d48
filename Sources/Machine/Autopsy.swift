internal import Debugger
internal import GuestRAM
internal import Processor

/// What the processors of a guest were doing when it came to a bad end.
enum Autopsy {
  /// Registers, and for a Linux that can be recognized the calls that led there. The processors must stand still.
  static func text(_ processors: [any Processor], _ memory: GuestMemory) -> String {
    let states = processors.map { processor in Result { () throws(ProcessorError) in try processor.state() } }
    let symbols = kernel(of: states.compactMap { try? $0.get() }, memory)
    let parts = states.enumerated().map { index, state in
      var lines = processors.count > 1 ? ["processor \(index)"] : []
      switch state {
      case .success(let state):
        lines.append(RegisterDump.text(state))
        if let (symbols, view) = symbols { lines += Backtrace.lines(state, view, symbols).map { "  \($0)" } }
      case .failure(let error): lines.append(error.message)
      }
      return lines.joined(separator: "\n")
    }
    return parts.joined(separator: "\n")
  }

  /// The same for one that has shut down. KVM on AMD's processors resets it before anybody can look.
  static func ofShutdown(_ processor: any Processor, _ memory: GuestMemory) -> String {
    if let state = try? processor.state(), state.isAsAfterReset {
      return "  what it was doing is lost: on this host KVM resets a processor that shuts down"
    }
    return text([processor], memory)
  }

  /// The symbols of the Linux that one of the processors executes, and memory as it sees it.
  static func kernel(of states: [ProcessorState], _ memory: GuestMemory) -> (symbols: KernelSymbols, view: LinearMemory)? {
    states.lazy.compactMap { kernel($0, memory) }.first
  }

  private static func kernel(_ state: ProcessorState, _ memory: GuestMemory) -> (symbols: KernelSymbols, view: LinearMemory)? {
    guard state.cr0 >> 31 & 1 != 0 else { return nil }
    // Under page-table isolation user code has tables of its own, behind the kernel's.
    for hidden in [0, 0x1000] as [UInt64] where hidden == 0 || state.cr3 & hidden != 0 {
      var state = state
      state.cr3 &= ~hidden
      let view = LinearMemory(state, memory)
      if let symbols = KernelSymbols(view, isWide: state.efer & 0x400 != 0, near: state.rip) { return (symbols, view) }
    }
    return nil
  }
}
