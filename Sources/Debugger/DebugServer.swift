public import GuestRAM
public import Host
import Synchronization

/// Waits for debuggers, one after the other, and lets them command the guest.
public final class DebugServer: Sendable {
  public let supervisor: Supervisor
  private let listener: Listener
  private let loop: EventLoop
  private let worker = Worker(name: "debugger")
  private let isStopped = Atomic<Bool>(false)

  /// - Parameter place: a TCP port of this host, or the path of a socket.
  public init(_ place: String, memory: GuestMemory, whenKilled: @escaping @Sendable () -> Void) throws(SystemError) {
    let loop = try EventLoop()
    listener = if let port = UInt16(place) { try Listener(port: port) } else { try Listener(path: place) }
    self.loop = loop
    supervisor = Supervisor(memory: memory, whenStopped: { loop.wake() }, whenKilled: whenKilled)
  }

  /// Serves debuggers on a thread of its own, until the run is over or `stop`.
  public func start() throws(SystemError) {
    try worker.start { [self] in
      while !isOver, let connection = nextConnection() { serve(connection) }
      return nil
    }
    worker.call()
  }

  /// Nobody is served any more. Waits a moment for whoever is being served.
  public func stop() {
    isStopped.store(true, ordering: .relaxed)
    loop.wake()
    worker.end()
  }

  private var isOver: Bool { isStopped.load(ordering: .relaxed) || supervisor.exitStatus != nil }

  /// Waits until somebody connects; nil once nobody is served any more.
  private func nextConnection() -> Connection? {
    loop.watch(listener.descriptor, for: .readable)
    defer { loop.watch(listener.descriptor, for: []) }
    while !isOver, let events = try? loop.wait() {
      if !events.isEmpty { return try? listener.accept() }
    }
    return nil
  }

  private func serve(_ connection: consuming Connection) {
    let number = connection.descriptor
    loop.watch(number, for: .readable)
    defer { loop.watch(number, for: []) }
    supervisor.begin()
    defer { supervisor.letGo() }
    var session = RemoteSession(supervisor)
    while !session.isOver, !isStopped.load(ordering: .relaxed), let events = try? loop.wait() {
      if events.contains(where: { $0.descriptor == number }) {
        guard let bytes = connection.receive(), connection.send(session.receive(bytes)) else { return }
      }
      if let status = supervisor.exitStatus {
        _ = connection.send(session.exited(status))
        return
      }
      if let stop = supervisor.takeStop(), !connection.send(session.stopped(stop)) { return }
    }
  }
}
