internal import DeviceModel
internal import Host
internal import PCIBus
internal import Synchronization
internal import Virtio

/// The streams between a command in the guest and the user, and what the guest's first process has to tell.
///
/// Whoever is slow makes the other side wait: what the guest writes stays with it until the host has taken it.
final class CommandStreams: Sendable {
  /// What goes through which port.
  enum Port: Int, CaseIterable {
    case input, output, errors, control
    var name: String { "\(self)" }
  }

  private static let portion = 64 << 10
  private static let lineLimit = 1024

  /// The devices' side. It keeps nothing alive.
  struct Ends: Sendable {
    let take: @Sendable (Port) -> [UInt8]
    let offer: @Sendable (Port, [UInt8]) -> Int
    let close: @Sendable (Port) -> Void
  }

  private let workers = [Worker(name: "output"), Worker(name: "errors"), Worker(name: "control")]
  private let ends = Mutex<Ends?>(nil)
  private let whenStarted: @Sendable () -> Void
  private let whenEnded: @Sendable (Outcome) -> Void
  private let hasInputEnded = Atomic<Bool>(false)
  private let isStarted = Atomic<Bool>(false)
  private let line = Mutex<[UInt8]>([])
  /// What the first process has not yet been told.
  private let orders = InputQueue(portion: lineLimit)
  let input = InputQueue(portion: portion)

  /// - Parameters:
  ///   - whenStarted: called when everything is ready for the command.
  ///   - whenEnded: called when it has ended, and all that it wrote was written.
  init(whenStarted: @escaping @Sendable () -> Void = {}, whenEnded: @escaping @Sendable (Outcome) -> Void) {
    (self.whenStarted, self.whenEnded) = (whenStarted, whenEnded)
  }

  func connect(to slot: FunctionSlot<VirtioPCI<VirtioPorts>>) {
    ends.withLock { ends in
      ends = Ends(
        take: { port in slot.access { device, cycle in device.take(port.rawValue, upTo: Self.portion, &cycle) } },
        offer: { port, bytes in slot.access { device, cycle in device.receive(bytes, at: port.rawValue, &cycle) } },
        close: { port in slot.access { device, cycle in device.close(port.rawValue, &cycle) } })
    }
  }

  /// From now on bytes go to and fro.
  ///
  /// - Parameter isImmediate: by whoever wakes us, so that everything has its order.
  func start(isImmediate: Bool) throws(SystemError) {
    let works: [Worker.Work] = [
      { [self] in pass(.output, to: .standardOutput) }, { [self] in pass(.errors, to: .standardError) }, { [self] in hear() },
    ]
    for (worker, work) in zip(workers, works) { try worker.start(by: isImmediate ? .callers : .thread, work) }
  }

  /// The device has something, or room for something.
  func wake() {
    for worker in workers { worker.call() }
    letInputFlow()
  }

  func stop() {
    for worker in workers { worker.stop() }
    for worker in workers { worker.end() }
    ends.withLock { $0 = nil }
  }

  private var device: Ends? { ends.withLock { $0 } }

  // MARK: From the guest

  private func pass(_ port: Port, to file: OutputFile) -> UInt64? {
    guard let device else { return nil }
    while true {
      let bytes = device.take(port)
      if bytes.isEmpty { return nil }
      // Where nobody reads, the guest hears of it, and what is under way is lost.
      if !file.write(bytes[...]) { device.close(port) }
    }
  }

  /// Everything was ready for the command.
  var hasBegun: Bool { isStarted.load(ordering: .acquiring) }

  private func hear() -> UInt64? {
    guard let device else { return nil }
    while true {
      let bytes = device.take(.control)
      if bytes.isEmpty { return nil }
      for byte in bytes {
        if let said = line.withLock({ Self.complete(&$0, with: byte) }) { obey(said) }
      }
    }
  }

  private static func complete(_ line: inout [UInt8], with byte: UInt8) -> String? {
    guard byte == 0x0A else {
      if line.count < lineLimit { line.append(byte) }
      return nil
    }
    defer { line = [] }
    return String(decoding: line, as: UTF8.self)
  }

  private func obey(_ line: String) {
    let word = line.prefix { $0 != " " }
    let rest = String(line.dropFirst(word.count + 1))
    switch word {
    case "start":
      isStarted.store(true, ordering: .releasing)
      whenStarted()
    case "exit":
      guard let status = UInt8(rest) else { return }
      // What the command wrote came before.
      for worker in workers.prefix(2) {
        worker.call()
        _ = worker.settle()
      }
      whenEnded(.commandEnded(status: status))
    // Mostly the kernel lacks something.
    case "failed": whenEnded(.refused(rest + "."))
    default: return
    }
  }

  // MARK: To the guest

  /// What the user has typed goes to the command as far as it has room.
  func letInputFlow() {
    guard let device else { return }
    input.flow { device.offer(.input, $0) }
    if hasInputEnded.load(ordering: .acquiring), input.isEmpty { device.close(.input) }
    orders.flow { device.offer(.control, $0) }
  }

  /// Nothing more comes from the user.
  func endInput() {
    hasInputEnded.store(true, ordering: .releasing)
    letInputFlow()
  }

  /// The user's window has this size now.
  func tellWindow(_ size: Terminal.Size) {
    orders.put(Array("window \(size.rows) \(size.columns)\n".utf8))
    letInputFlow()
  }
}
