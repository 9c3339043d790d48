internal import DeviceModel
internal import Glibc
public import GuestRAM
internal import Primitives
public import Processor
internal import Synchronization
public import SystemBus

/// Executes guests by interpreting them: needs nothing of the host but memory and threads.
@safe public final class SoftBackend: Backend, @unchecked Sendable {
  let memory: GuestMemory
  public let interrupts: any InterruptController
  public let chips: [any BusTarget]
  /// Counts, for each page of RAM, how often code in it was cached anew.
  let versions: UnsafeMutablePointer<UInt32>
  let mapGeneration = Atomic<UInt32>(0)
  private let processors = Mutex<[SoftProcessor]>([])
  private let bus = Mutex(())

  public init(memory: GuestMemory) {
    self.memory = memory
    interrupts = NoController()
    chips = []
    let pages = Int(memory.size / 4096)
    unsafe versions = .allocate(capacity: pages)
    unsafe versions.initialize(repeating: 0, count: pages)
  }
  deinit { unsafe versions.deallocate() }

  public func makeProcessor(_ index: Int) throws(ProcessorError) -> any Processor {
    let processor = try SoftProcessor(index, self)
    processors.withLock { $0.append(processor) }
    return processor
  }
  public func memoryMapChanged() throws(ProcessorError) {
    mapGeneration.add(1, ordering: .releasing)
    for processor in processors.withLock({ $0 }) { processor.kick() }
  }
  public func reset() throws(ProcessorError) {}

  func writesAreStale(except processor: SoftProcessor) {
    for other in processors.withLock({ $0 }) where other !== processor { other.requestAttention(.staleWrites) }
  }

  func lockBus() { bus._unsafeLock() }
  func unlockBus() { bus._unsafeUnlock() }

  func physicalMap() -> [PhysicalWindow] {
    let windows = memory.windows
    // RAM is one mapping, and its first window begins it.
    let ram = unsafe memory.hostAddress(of: windows[0])
    return windows.map { window in
      let host = unsafe memory.hostAddress(of: window)
      var offset: Int?
      if case .ram(let start) = window.backing, window.access == .readWrite { offset = Int(start) }
      if window.access == .writeBehind { offset = Int(window.range.first.value) }
      var writeHost = unsafe host
      if window.access == .writeBehind {
        unsafe writeHost = ram + Int(window.range.first.value)
      }
      return unsafe PhysicalWindow(
        first: window.range.first.value, last: window.range.last.value, host: host, writeHost: writeHost, writeOffset: offset)
    }
  }
}

/// Interrupt lines that lead nowhere.
final class NoController: InterruptController {
  func setLine(_ line: Int, _ level: Bool) {}
  func send(_ message: MSIMessage) {}
}
