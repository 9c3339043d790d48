internal import Synchronization

/// Somebody to be told of something, from any thread, without locks.
public final class Callback: Sendable {
  /// A struct around the function: stored by itself in a generic type, Swift would wrap it anew at each access.
  private struct Function: Sendable { let call: @Sendable () -> Void }
  private let function = Mutex<Function?>(nil)

  public init() {}

  public func set(_ body: (@Sendable () -> Void)?) { function.withLock { $0 = body.map(Function.init) } }

  public func callAsFunction() { function.withLock { $0 }?.call() }
}
