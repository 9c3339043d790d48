internal import Debugger
internal import Processor
internal import Reports
internal import Synchronization

extension Machine {
  /// A function of the kernel, and how often it was executed.
  private struct Function {
    let name: String
    let extent: Range<UInt64>
    /// How often its first instruction was executed, and its most frequent one.
    var entries: UInt64 = 0
    var most: UInt64 = 0

    init?(at address: UInt64, of symbols: KernelSymbols?) {
      guard let symbols, let symbol = symbols.symbol(at: address), let extent = symbols.extent(at: address) else { return nil }
      (name, self.extent) = (symbol.function, extent)
    }

    mutating func count(_ count: UInt64, at address: UInt64) {
      if address == extent.lowerBound { entries = count }
      most = max(most, count)
    }
  }

  /// Takes what the guest's kernel has executed since the power came on. The processors must stand still.
  func takeCoverage(_ power: Chassis.Power) {
    guard configuration.coverage != nil else { return }
    let symbols = KernelSymbols.ofKernel(run: power.processors.compactMap { try? $0.state() }, memory)?.symbols
    let start = symbols?.start
    var sum = coverage.withLock { $0 ?? Coverage() }
    var function: Function?
    func end() { if let function { sum.add(function.entries > 0 ? function.entries : function.most, to: function.name) } }
    for (address, count) in power.backend.executedCode.sorted(by: { $0.key < $1.key }) {
      if function?.extent.contains(address) != true {
        end()
        function = Function(at: address, of: symbols)
      }
      function?.count(count, at: address)
      if let start, address >= start { sum.add(count, at: address - start) }
    }
    end()
    coverage.withLock { $0 = sum }
  }
}
