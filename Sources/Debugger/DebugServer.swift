public import GuestRAM
public import Host
import Synchronization

/// Waits for debuggers, one after the other, and lets them command the guest.
public final class DebugServer: Sendable {
  public let supervisor: Supervisor
  private let listener: Listener
  private let loop: EventLoop

  /// - Parameter place: a TCP port of this host, or the path of a socket.
  public init(_ place: String, memory: GuestMemory, whenKilled: @escaping @Sendable () -> Void) throws(SystemError) {
    let loop = try EventLoop()
    listener = if let port = UInt16(place) { try Listener(port: port) } else { try Listener(path: place) }
    self.loop = loop
    supervisor = Supervisor(memory: memory, whenStopped: { loop.wake() }, whenKilled: whenKilled)
  }

  /// Serves debuggers on a thread of its own, until the process ends.
  public func start() throws(SystemError) {
    _ = try HostThread(name: "debugger") { [self] in
      while supervisor.exitStatus == nil, let connection = try? listener.accept() { serve(connection) }
    }
  }

  private func serve(_ connection: consuming Connection) {
    let number = connection.descriptor
    loop.watch(number, for: .readable)
    defer { loop.watch(number, for: []) }
    supervisor.begin()
    defer { supervisor.letGo() }
    var session = RemoteSession(supervisor)
    while !session.isOver, let events = try? loop.wait() {
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
