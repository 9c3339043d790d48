import CLinux
import Glibc

/// A place on this host where somebody may connect.
public struct Listener: ~Copyable, Sendable {
  private let socket: Descriptor

  /// For an event loop: readable when somebody wants to connect.
  public var descriptor: Int32 { socket.number }

  /// A TCP port that other hosts do not reach.
  public init(port: UInt16) throws(SystemError) { socket = try Self.check(linux_listen_port(port)) }

  /// A socket in the file system that other users do not reach; one that was left behind is replaced.
  public init(path: String) throws(SystemError) {
    guard !path.utf8.contains(0) else { throw SystemError(code: ENOENT) }
    socket = try Self.check(unsafe linux_listen_path(path))
  }

  /// Waits until somebody connects.
  public func accept() throws(SystemError) -> Connection { Connection(try Self.check(linux_accept(socket.number))) }

  private static func check(_ result: Int32) throws(SystemError) -> Descriptor { Descriptor(owning: try SystemError.check(result)) }
}

/// Somebody who connected.
public struct Connection: ~Copyable, Sendable {
  private let socket: Descriptor

  public var descriptor: Int32 { socket.number }

  init(_ socket: consuming Descriptor) { self.socket = socket }

  /// Waits for bytes; nil once the other side is gone.
  public func receive(limit: Int = 4096) -> [UInt8]? {
    let bytes = unsafe [UInt8](unsafeUninitializedCapacity: limit) { buffer, count in
      count = max(unsafe linux_receive(socket.number, buffer.baseAddress, UInt(limit)), 0)
    }
    return bytes.isEmpty ? nil : bytes
  }

  /// False once the other side is gone.
  public func send(_ bytes: [UInt8]) -> Bool {
    unsafe bytes.withUnsafeBytes { unsafe linux_send(socket.number, $0.baseAddress, UInt($0.count)) } == 0
  }
}
