internal import DeviceModel
internal import Host
internal import KVMBackend
internal import PCI
internal import Primitives

/// Writes one line for each thing that happens between the guest and its devices.
final class Tracer: Sendable {
  /// The kinds of events; anything else the user names is a device.
  private enum Kind: String, CaseIterable { case all, io, irq, queue, cpu }

  let output: OutputStream.Voice?
  private let wishes: Set<String>
  private let accessor: @Sendable () -> String?
  private let now: @Sendable () -> Instant

  /// - Parameters:
  ///   - accessor: who in the guest makes the calling thread access a device, if that is known.
  ///   - now: guest time.
  init(
    _ wish: Configuration.Trace, _ output: OutputStream.Voice?, accessor: @escaping @Sendable () -> String? = { nil }, now: @escaping @Sendable () -> Instant
  ) {
    self.output = output
    self.accessor = accessor
    wishes = Set(wish.events.isEmpty ? [Kind.all.rawValue] : wish.events.map(Self.plain))
    self.now = now
  }

  /// A name as the user may write it: "real-time-clock" is the real-time clock.
  private static func plain(_ name: String) -> String { String(name.lowercased().map { $0 == " " ? "-" : $0 }) }

  /// Refuses a wish that is neither a kind of event nor a device of this machine.
  func check(devices: [String]) throws(MachineError) {
    let names = Kind.allCases.map(\.rawValue) + devices.map(Self.plain)
    for wish in wishes.sorted() where !names.contains(wish) {
      throw MachineError(
        "--trace \(wish): there is no such event or device. Choose among \(names.joined(separator: ", ")).")
    }
  }

  private func shows(_ name: String, _ kind: Kind) -> Bool {
    wishes.contains(Kind.all.rawValue) || wishes.contains(kind.rawValue) || wishes.contains(Self.plain(name))
  }

  // MARK: Accesses

  /// One device's accesses, a line each.
  private struct Accesses: AccessWatcher {
    let device: String
    let tracer: Tracer

    func sees(_ verb: AccessVerb, _ width: AccessWidth, _ space: AccessSpace, at offset: Int, _ value: UInt64) {
      tracer.writeAccess(device, "\(verb) \(width) \(space.rawValue)+0x\(offset.hex()) 0x\(value.hex())", tracer.now())
    }
  }

  /// What writes of each access to a device; nil if nobody wants that.
  func watcher(of device: String) -> (any AccessWatcher)? { shows(device, .io) ? Accesses(device: device, tracer: self) : nil }

  // MARK: Interrupts

  func line(_ number: Int, _ level: Bool, of placement: Placement, at time: Instant) {
    guard shows(placement.name, .irq) else { return }
    writeAccess(placement.name, "line \(number) \(level ? "high" : "low")", time)
  }

  func message(_ message: MSIMessage, of placement: Placement, at time: Instant) {
    guard shows(placement.name, .irq) else { return }
    writeAccess(placement.name, "message 0x\(message.address.hex()) = 0x\(message.data.hex())", time)
  }

  // MARK: Queues

  /// Whether the device with this name should keep a journal of its queues.
  func watchesQueues(of name: String) -> Bool { shows(name, .queue) }

  func queue(_ activity: QueueActivity, of placement: Placement, at time: Instant) {
    let event =
      switch activity.event {
      case .notified: "notified"
      case .taken(let head, let readable, let writable): "took chain \(head), \(readable) to read, \(writable) to write"
      case .completed(let head, let written): "completed chain \(head), \(written) written"
      }
    write(placement.name, "queue \(activity.queue) \(event)", time)
  }

  // MARK: Processors

  /// KVM failed an instruction, and the software processor executed it.
  func handOver(_ event: HandOver) {
    let name = "\(Kind.cpu) \(event.processor)"
    guard shows(name, .cpu) else { return }
    write(name, "software executed \(event.instruction) at 0x\(event.rip.hex())", now())
  }

  /// What the guest tried to execute and got #UD for, at the end of a run.
  func undefined(_ instructions: [(name: String, count: Int)]) {
    guard shows(Kind.cpu.rawValue, .cpu) else { return }
    for (name, count) in instructions { write(Kind.cpu.rawValue, "undefined instruction \(name): \(count)", now()) }
  }

  func translated(_ report: [(name: String, count: Int)]) {
    guard shows(Kind.cpu.rawValue, .cpu) else { return }
    for (name, count) in report { write(Kind.cpu.rawValue, "\(name): \(count)", now()) }
  }

  // MARK: The line

  /// What an access of the guest does or brings about, with the function that accesses.
  private func writeAccess(_ device: String, _ event: String, _ time: Instant) {
    write(device, event + (accessor().map { " by \($0)" } ?? ""), time)
  }

  private func write(_ device: String, _ event: String, _ time: Instant) {
    let micro = time.nanoseconds / 1000
    let fraction = String(micro % 1_000_000)
    let zeroes = String(repeating: "0", count: 6 - fraction.count)
    output?.put(Array("\(micro / 1_000_000).\(zeroes)\(fraction) \(device): \(event)\n".utf8))
  }
}
