import Host
import Synchronization
import Testing

@testable import Machine

/// Keys between a user who types and a guest that takes them when it likes.
@Suite struct InputQueueTests {
  /// A guest with room for so many keys.
  private final class Guest: Sendable {
    let room: Mutex<Int>
    let taken = Mutex<[UInt8]>([])

    init(room: Int) { self.room = Mutex(room) }

    func take(_ keys: [UInt8]) -> Int {
      let count = room.withLock { room in
        let count = min(room, keys.count)
        room -= count
        return count
      }
      taken.withLock { $0 += keys.prefix(count) }
      return count
    }

    func makeRoom(_ count: Int) { room.withLock { $0 += count } }
  }

  @Test("A10 keys wait for a guest that takes none, whoever typed them goes on, and they arrive in order")
  func order() {
    let (queue, guest) = (InputQueue(portion: 16), Guest(room: 3))
    queue.put(Array("hello, ".utf8))
    queue.flow(to: guest.take)
    queue.put(Array("world".utf8))
    queue.flow(to: guest.take)
    #expect(guest.taken.withLock { $0 } == Array("hel".utf8))
    guest.makeRoom(100)
    queue.flow(to: guest.take)
    #expect(guest.taken.withLock { $0 } == Array("hello, world".utf8))
  }

  @Test("A10 a guest that makes room while it is offered a key is offered the next")
  func wakeDuringOffer() {
    let (queue, guest) = (InputQueue(portion: 16), Guest(room: 1))
    queue.put([1, 2, 3])
    queue.flow { keys in
      let count = guest.take(keys)
      // The guest reads the key on another processor, and its serial port calls.
      if count > 0 { guest.makeRoom(1) }
      queue.flow(to: guest.take)
      return count
    }
    #expect(guest.taken.withLock { $0 } == [1, 2, 3])
  }

  @Test("A10 CO-03 a guest that never takes a key costs a bounded memory")
  func bound() {
    let (queue, guest) = (InputQueue(portion: 16), Guest(room: 0))
    for _ in 0..<100 {
      queue.put([UInt8](repeating: 7, count: 4096))
      queue.flow(to: guest.take)
    }
    guest.makeRoom(1 << 20)
    queue.flow(to: guest.take)
    #expect(guest.taken.withLock { $0.count } == InputQueue.limit)
  }

  @Test("Ctrl-a x ends the run whatever stands before and behind it; Ctrl-a Ctrl-a is a Ctrl-a")
  func escapes() {
    var key = EscapeKey()
    #expect(key.filter(Array("ab\u{1}\u{1}c".utf8)) == Array("ab\u{1}c".utf8))
    #expect(key.filter([1]) == [])
    #expect(key.filter(Array("y".utf8)) == Array("\u{1}y".utf8))
    #expect(key.filter(Array("abc\u{1}xdef".utf8)) == nil)
  }
}
