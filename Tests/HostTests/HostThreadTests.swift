import Glibc
import Host
import Synchronization
import Testing

@Suite struct HostThreadTests {
  @Test func a_thread_runs_its_closure_once_and_can_be_joined() throws {
    let runs = Counter()
    let thread = try HostThread(name: "a name longer than the host allows") { runs.value.add(1, ordering: .relaxed) }
    thread.join()
    #expect(runs.value.load(ordering: .relaxed) == 1)
  }

  @Test func a_wake_before_the_wait_is_not_lost() throws {
    let loop = try EventLoop()
    loop.wake()
    #expect(try loop.wait() == [])
  }

  @Test func a_readable_descriptor_ends_the_wait_until_it_is_forgotten() throws {
    let loop = try EventLoop()
    let event = try Descriptor.event()
    var one: UInt64 = 1
    unsafe write(event.number, &one, 8)
    loop.watch(event.number, for: .readable)
    let ready = try loop.wait()
    #expect(ready.map(\.descriptor) == [event.number])
    #expect(ready.allSatisfy { $0.isReadable && !$0.isWritable && !$0.isClosed })
    loop.watch(event.number, for: [])
    #expect(try loop.wait(milliseconds: 0) == [])
  }

  @Test func the_clock_never_goes_back() {
    let first = HostClock.nanoseconds()
    #expect(HostClock.nanoseconds() >= first)
  }

  @Test func random_bytes_differ() throws {
    #expect(try HostRandom.bytes(32) != HostRandom.bytes(32))
  }
}

final class Counter: Sendable {
  let value = Atomic(0)
}
