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

  @Test func a_held_thread_begins_when_it_is_released_or_when_nobody_can_do_that_any_more() throws {
    for isReleased in [true, false] {
      let story = Monitor<[String]>([])
      var thread: HostThread? = try HostThread(name: "held", isHeld: true) { story.update { $0.append("it begins") } }
      story.update { $0.append("it may") }
      if isReleased { thread?.release() } else { thread = nil }
      #expect(story.wait { $0.count == 2 ? $0 : nil } == ["it may", "it begins"])
      thread?.join()
    }
  }

  /// Each thread's stack has 8 MiB of address space; other tests take a few GiB meanwhile.
  @Test("RS-03 threads that nobody waits for leave nothing behind")
  func detached() throws {
    let before = Self.addressSpace
    for _ in 0..<5000 {
      let done = Monitor(false)
      _ = try HostThread(name: "brief") { done.update { $0 = true } }
      _ = done.wait { $0 ? true : nil }
    }
    #expect(Self.addressSpace - before < 20 << 30)
  }

  /// Of this process, in bytes.
  private static var addressSpace: Int {
    let pages = text(ofFile: "/proc/self/statm").split(separator: " ").first.flatMap { Int($0) }
    return (pages ?? 0) * 4096
  }

  private static func text(ofFile path: String) -> String {
    var text = [UInt8](repeating: 0, count: 1 << 14)
    let file = unsafe open(path, O_RDONLY)
    defer { close(file) }
    let count = unsafe read(file, &text, text.count)
    return String(decoding: text.prefix(max(count, 0)), as: UTF8.self)
  }

  /// What a thread of its own has to say.
  private func onThread(_ body: @escaping @Sendable () -> [Bool]) throws -> [Bool] {
    let answer = Monitor<[Bool]>([])
    try HostThread(name: "tested") { answer.update { $0 = body() } }.join()
    return answer.update { $0 }
  }

  @Test func a_thread_bears_its_name_and_its_number_as_far_as_the_host_shows_them() throws {
    let names = Monitor<[String]>([])
    for (name, number) in [("first", nil), ("second", 7), ("a name longer than the host allows", 7)] {
      try HostThread(name: name, number: number) { names.update { $0.append(Self.text(ofFile: "/proc/thread-self/comm")) } }.join()
    }
    #expect(names.update(\.self) == ["first\n", "second 7\n", "a name longer t\n"])
  }

  @Test func a_thread_knows_whether_it_runs_on_the_first_processor() throws {
    let answers = (0..<1000).lazy.map { _ in (Self.processor, HostThread.isOnFirstProcessor, Self.processor) }
    let (processor, isFirst, _) = try #require(answers.first { $0.0 == $0.2 })
    #expect(isFirst == (processor == "0"))
  }

  @Test func whoever_asks_is_one_of_those_that_run() { #expect(!HostThread.areAlone(0) && HostThread.areAlone(.max)) }

  @Test func a_thread_becomes_patient_and_usual_again_unless_the_user_has_decided_what_it_is() throws {
    #expect(try onThread { [true, true, false, false].map(HostThread.setPatience) } == [true, false, true, false])
    let asTheUserSays = try onThread {
      var none = sched_param()
      unsafe sched_setscheduler(0, 5 /* SCHED_IDLE */, &none)
      return [true, false].map(HostThread.setPatience)
    }
    #expect(asTheUserSays == [false, false])
  }

  @Test func two_threads_work_side_by_side_until_they_may_run_anywhere() throws {
    let seen = Monitor<[String: [Int]]>([:])
    let note: @Sendable (String) -> Void = { place in seen.update { $0[place] = Self.allowedProcessors } }
    try HostThread(name: "here") {
      note("usual")
      HostThread.stayHere()
      note("here")
      try? HostThread(name: "there", staysElsewhere: true) {
        note("there")
        HostThread.runAnywhere()
        note("there, later")
      }.join()
      let child = try? HostThread(name: "child", isHeld: true) { note("child") }
      child?.release()
      child?.join()
      HostThread.runAnywhere()
      note("here, later")
    }.join()
    let masks = seen.update(\.self)
    let (usual, here, there) = try (#require(masks["usual"]), #require(masks["here"]), #require(masks["there"]))
    #expect(Self.count(here) == 1)
    #expect(there == (Self.count(usual) == 1 ? usual : zip(usual, here).map { $0 & ~$1 }))
    for name in ["child", "there, later", "here, later"] { #expect(masks[name] == usual, "\(name)") }
  }

  @Test func a_thread_that_stays_elsewhere_can_be_fetched_and_may_run_anywhere_then() throws {
    let seen = Monitor<[Int]>([])
    let thread = try HostThread(name: "fetched", isHeld: true, staysElsewhere: true) { seen.update { $0 = Self.allowedProcessors } }
    thread.comeHere()
    thread.release()
    thread.join()
    thread.comeHere()
    #expect(Self.count(Self.allowedProcessors) > 0)
    #expect(seen.update(\.self) == Self.allowedProcessors)
  }

  /// Where the calling thread may run: a bit for each processor of the host, in hexadecimal digits.
  private static var allowedProcessors: [Int] {
    let line = text(ofFile: "/proc/thread-self/status").split(separator: "\n").first { $0.hasPrefix("Cpus_allowed:") }
    return line?.dropFirst("Cpus_allowed:".count).compactMap(\.hexDigitValue) ?? []
  }

  private static func count(_ processors: [Int]) -> Int { processors.reduce(0) { $0 + $1.nonzeroBitCount } }

  /// Where the calling thread runs: field 39, counted from the name's closing bracket on, which ends field 2.
  private static var processor: Substring? {
    text(ofFile: "/proc/thread-self/stat").split(separator: ")").last?.split(separator: " ").dropFirst(36).first
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
