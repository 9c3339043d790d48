import Host
import Synchronization
import Testing

@Suite struct WorkerTests {
  @Test func of_many_callers_at_once_each_finds_its_work_done_when_its_call_returns() throws {
    let worker = Worker(name: "errands")
    let (asked, done) = (Counter(), Counter())
    try worker.start(onCallers: true) {
      done.value.store(asked.value.load(ordering: .acquiring), ordering: .releasing)
      return nil
    }
    let early = Counter()
    let callers = try (0..<4).map { _ in
      try HostThread(name: "caller") {
        for _ in 0..<20_000 {
          let mine = asked.value.add(1, ordering: .acquiringAndReleasing).newValue
          worker.call()
          if done.value.load(ordering: .acquiring) < mine { early.value.add(1, ordering: .relaxed) }
        }
      }
    }
    for caller in callers { caller.join() }
    #expect(early.value.load(ordering: .relaxed) == 0)
  }

  @Test func a_call_that_its_own_work_makes_is_done_by_the_same_caller() throws {
    let worker = Worker(name: "errands")
    let left = Counter()
    left.value.store(3, ordering: .relaxed)
    try worker.start(onCallers: true) {
      if left.value.subtract(1, ordering: .relaxed).newValue > 0 { worker.call() }
      return nil
    }
    worker.call()
    #expect(left.value.load(ordering: .relaxed) == 0)
    worker.stop()
  }
}
