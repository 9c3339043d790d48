public import GuestRAM
public import Processor

extension KernelSymbols {
  /// The symbols of the Linux that one of the processors executes, and memory as that one sees it.
  public static func ofKernel(run states: [ProcessorState], _ memory: GuestMemory) -> (symbols: KernelSymbols, view: LinearMemory)? {
    states.lazy.compactMap { ofKernel(run: $0, memory) }.first
  }

  private static func ofKernel(run state: ProcessorState, _ memory: GuestMemory) -> (symbols: KernelSymbols, view: LinearMemory)? {
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
