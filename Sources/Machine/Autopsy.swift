internal import Debugger
internal import GuestRAM
internal import Processor

/// What the processors of a guest were doing when it came to a bad end.
struct Autopsy {
  private let states: [Result<ProcessorState, ProcessorError>]

  /// The processors must stand still.
  init(of processors: [any Processor]) {
    states = processors.map { processor in Result { () throws(ProcessorError) in try processor.state() } }
  }

  var registers: String { text { _ in [] } }

  /// Registers, and for a Linux that can be recognized the calls that led there.
  func text(_ memory: GuestMemory) -> String {
    guard let (symbols, view) = KernelSymbols.ofKernel(run: states.compactMap { try? $0.get() }, memory) else { return registers }
    return text { Backtrace.lines($0, view, symbols).map { "  \($0)" } }
  }

  private func text(calls: (ProcessorState) -> [String]) -> String {
    let parts = states.enumerated().map { index, state in
      var lines = states.count > 1 ? ["processor \(index)"] : []
      switch state {
      case .success(let state): lines += [RegisterDump.text(state)] + calls(state)
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
    return Autopsy(of: [processor]).text(memory)
  }
}
