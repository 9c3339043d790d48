internal import Devices
internal import Synchronization

/// What most runs never look at: made when somebody does, and kept.
final class MadeOnce<Value: Sendable>: Sendable {
  private let make: @Sendable () -> Value
  private let made = Mutex<Value?>(nil)

  init(_ make: @escaping @Sendable () -> Value) { self.make = make }

  var value: Value {
    made.withLock { made in
      let value = made ?? make()
      made = value
      return value
    }
  }
}

extension MadeOnce: FirmwareSource where Value == [UInt8] {
  var count: Int { value.count }
  var largestCount: Int { 1 << 20 }
  func bytes(_ range: Range<Int>) -> [UInt8] { Array(value[range]) }
}
