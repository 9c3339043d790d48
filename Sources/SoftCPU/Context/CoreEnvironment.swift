package import GuestRAM
package import InterruptChips
package import Processor
package import Time

/// What a core asks of the machine around it, but for the bus, which it is given when it runs.
package struct CoreEnvironment {
  let memory: SharedMemory
  let interrupts: LocalInterrupts
  let index: Int
  let processorCount: Int
  /// Guest time; the time-stamp counter ticks once in its nanosecond.
  let clock: GuestClock
  /// What RDRAND gives.
  let random: @Sendable () -> UInt64
  /// Who counts the instructions that do not exist.
  let undefined: InstructionTally
  /// Makes all other cores look up.
  let tellOthers: @Sendable (Attention) -> Void

  /// - Parameter index: which of the processors of the interrupt fabric it is.
  package init(
    memory: SharedMemory, fabric: InterruptFabric, index: Int, processorCount: Int, clock: GuestClock,
    random: @escaping @Sendable () -> UInt64, undefined: InstructionTally, tellOthers: @escaping @Sendable (Attention) -> Void
  ) {
    (self.memory, self.index, self.processorCount) = (memory, index, processorCount)
    interrupts = LocalInterrupts(fabric, index)
    (self.clock, self.random, self.undefined, self.tellOthers) = (clock, random, undefined, tellOthers)
  }

  /// For one core alone, with nothing but memory.
  package init(memory: GuestMemory) throws(ProcessorError) {
    let clock = GuestClock()
    self.init(
      memory: try SharedMemory(memory),
      fabric: InterruptFabric(processors: 1, tscHertz: CoreContext.frequency, clock: { clock.now }), index: 0, processorCount: 1,
      clock: clock, random: { 0 }, undefined: InstructionTally(), tellOthers: { _ in })
  }
}
