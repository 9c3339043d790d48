internal import Devices
internal import InterruptChips
internal import Primitives
internal import Processor

/// One processor's end of the interrupt fabric.
struct LocalInterrupts: Sendable {
  let fabric: InterruptFabric
  let processor: Int
  let bell: ProcessorBell

  init(_ fabric: InterruptFabric, _ processor: Int) {
    self.fabric = fabric
    self.processor = processor
    bell = fabric.bells[processor]
  }

  /// The physical page of the registers, or an address that is never reached.
  var page: UInt64 { fabric.localAPICBase(processor)?.value ?? .max }

  /// Whether the local APIC exists for the processor, by its base register.
  var isOn: Bool { ((try? fabric.readRegister(processor, msr: 0x1B)) ?? 0) >> 11 & 1 != 0 }

  func read(_ count: Int, at offset: Int) -> UInt64 {
    AccessWidth(byteCount: count).map { fabric.readLocalAPIC(processor, $0, at: offset) } ?? 0
  }
  func write(_ value: UInt64, _ count: Int, at offset: Int) {
    guard let width = AccessWidth(byteCount: count) else { return }
    fabric.writeLocalAPIC(processor, value, width, at: offset)
  }

  func readMSR(_ msr: UInt32) throws(Fault) -> UInt64 {
    do { return try fabric.readRegister(processor, msr: msr) } catch { throw .protection }
  }
  func writeMSR(_ msr: UInt32, _ value: UInt64) throws(Fault) {
    do { try fabric.writeRegister(processor, msr: msr, value) } catch { throw .protection }
  }

  /// What has come and is to be looked at now.
  func poll() -> ProcessorEvent { fabric.poll(processor) }
  /// Accepts the interrupt that `poll` told of; returns its vector.
  func acknowledge() -> UInt8 { fabric.acknowledge(processor) }

  /// The processor is done with a non-maskable interrupt.
  func endNonMaskable() { fabric.endNonMaskable(processor) }

  /// CR8.
  var taskPriority: UInt64 {
    get { UInt64(fabric.taskPriority(processor)) }
    nonmutating set { fabric.setTaskPriority(processor, UInt8(truncatingIfNeeded: newValue)) }
  }

  func setTimeStampOffset(_ offset: UInt64) { fabric.setTimeStampOffset(processor, offset) }

  // MARK: State

  var awaitsStartUp: Bool { fabric.awaitsStartUp(processor) }
  func localState(timeStamp: UInt64) -> (state: LocalAPICState, nonMaskablesPending: UInt8)? {
    fabric.localState(processor, timeStamp: timeStamp)
  }
  func setLocalState(_ state: LocalAPICState) { fabric.setLocalState(processor, state) }
  func setWaiting(forStartUp: Bool, nonMaskablesPending: UInt8, isNonMaskableHandled: Bool) {
    fabric.setWaiting(
      processor, forStartUp: forStartUp, nonMaskablesPending: nonMaskablesPending, isNonMaskableHandled: isNonMaskableHandled)
  }
}
