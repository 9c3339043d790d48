import Glibc
import Synchronization
import Testing

@testable import Host

@Suite struct WorkerTests {
  @Test func of_many_callers_at_once_each_finds_its_work_done_when_its_call_returns() throws {
    let worker = Worker(name: "errands")
    let (asked, done) = (Counter(), Counter())
    try worker.start(by: .callers) {
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
    try worker.start(by: .callers) {
      if left.value.subtract(1, ordering: .relaxed).newValue > 0 { worker.call() }
      return nil
    }
    worker.call()
    #expect(left.value.load(ordering: .relaxed) == 0)
    worker.stop()
  }

  /// What a worker is asked for, and who did it.
  private final class Errands: Sendable {
    let asked = Atomic<Int>(0), attempted = Atomic<Int>(0), done = Atomic<Int>(0)
    let isHard = Atomic<Bool>(false)

    /// All that has been asked for by now.
    func catchUp() { done.store(asked.load(ordering: .acquiring), ordering: .releasing) }

    /// The same as a worker's work.
    var work: Worker.Work {
      { [self] in
        catchUp()
        return nil
      }
    }
  }

  @Test func what_a_caller_can_do_at_once_is_done_when_its_call_returns_and_the_rest_by_the_thread() throws {
    let (worker, errands) = (Worker(name: "errands"), Errands())
    try worker.start(
      attempt: {
        errands.attempted.add(1, ordering: .relaxed)
        guard !errands.isHard.load(ordering: .relaxed) else { return false }
        errands.catchUp()
        return true
      }, errands.work)
    errands.asked.add(1, ordering: .relaxed)
    worker.call()
    #expect(errands.done.load(ordering: .relaxed) == 1)
    errands.isHard.store(true, ordering: .relaxed)
    errands.asked.add(1, ordering: .relaxed)
    worker.call()
    #expect(worker.settle())
    #expect(errands.done.load(ordering: .acquiring) == 2 && errands.attempted.load(ordering: .relaxed) == 2)
    worker.end()
  }

  @Test func of_many_callers_who_attempt_it_at_once_nobody_is_forgotten() throws {
    let (worker, errands) = (Worker(name: "errands"), Errands())
    let work: @Sendable (Int) -> Bool = { turn in
      errands.catchUp()
      return turn % 3 != 0
    }
    try worker.start(attempt: { work(errands.attempted.add(1, ordering: .relaxed).newValue) }, errands.work)
    let callers = try (0..<4).map { _ in
      try HostThread(name: "caller") {
        for _ in 0..<20_000 {
          errands.asked.add(1, ordering: .acquiringAndReleasing)
          worker.call()
        }
      }
    }
    for caller in callers { caller.join() }
    #expect(worker.settle())
    #expect(errands.done.load(ordering: .acquiring) == 80_000)
    worker.end()
  }

  @Test func a_call_that_an_attempt_makes_is_for_the_thread() throws {
    let (worker, errands) = (Worker(name: "errands"), Errands())
    try worker.start(attempt: { [weak worker] in
      worker?.call()
      return true
    }) {
      errands.done.add(1, ordering: .releasing)
      return nil
    }
    worker.call()
    #expect(worker.settle())
    #expect(errands.done.load(ordering: .acquiring) == 1)
    worker.end()
  }

  private func worker(counting threads: Counter) -> Worker {
    Worker(name: "errands") { (name, body) throws(SystemError) in
      threads.value.add(1, ordering: .relaxed)
      return try HostThread(name: name, body)
    }
  }

  private func workerWithoutThreads() -> Worker {
    Worker(name: "errands") { (_, _) throws(SystemError) in throw SystemError(code: EAGAIN) }
  }

  @Test func a_worker_that_nobody_calls_has_no_thread_and_of_many_first_callers_one_makes_it() throws {
    let (threads, errands) = (Counter(), Errands())
    let worker = worker(counting: threads)
    try worker.start(by: .threadWhenCalled, errands.work)
    #expect(worker.settle() && threads.value.load(ordering: .relaxed) == 0)
    let callers = try (0..<4).map { _ in
      try HostThread(name: "caller") {
        errands.asked.add(1, ordering: .acquiringAndReleasing)
        worker.call()
      }
    }
    for caller in callers { caller.join() }
    #expect(worker.settle())
    #expect(errands.done.load(ordering: .acquiring) == 4 && threads.value.load(ordering: .relaxed) == 1)
    worker.stop()
    #expect(worker.join())
  }

  @Test func what_a_first_attempt_leaves_is_done_by_the_thread_that_is_made_then() throws {
    let (worker, errands) = (Worker(name: "errands"), Errands())
    try worker.start(by: .threadWhenCalled, attempt: { false }, errands.work)
    errands.asked.add(1, ordering: .relaxed)
    worker.call()
    #expect(worker.settle())
    #expect(errands.done.load(ordering: .acquiring) == 1)
    worker.end()
  }

  @Test func a_caller_that_may_wait_does_the_work_and_no_thread_is_made_until_another_calls() throws {
    let (threads, errands) = (Counter(), Errands())
    let worker = worker(counting: threads)
    try worker.start(by: .threadWhenCalled, attempt: { false }, errands.work)
    errands.asked.store(1, ordering: .relaxed)
    worker.call(mayWait: true)
    #expect(errands.done.load(ordering: .relaxed) == 1 && threads.value.load(ordering: .relaxed) == 0)
    errands.asked.store(2, ordering: .relaxed)
    worker.call()
    #expect(worker.settle())
    #expect(errands.done.load(ordering: .acquiring) == 2 && threads.value.load(ordering: .relaxed) == 1)
    worker.end()
  }

  @Test func a_caller_that_may_wait_does_not_work_beside_the_thread() throws {
    let (worker, errands) = (Worker(name: "errands"), Errands())
    let busy = Atomic<Bool>(false)
    let clashes = Counter()
    try worker.start(by: .threadWhenCalled) {
      if busy.exchange(true, ordering: .acquiring) { clashes.value.add(1, ordering: .relaxed) }
      errands.catchUp()
      busy.store(false, ordering: .releasing)
      return nil
    }
    let callers = try (0..<4).map { number in
      try HostThread(name: "caller") {
        for _ in 0..<20_000 {
          errands.asked.add(1, ordering: .acquiringAndReleasing)
          worker.call(mayWait: number % 2 == 0)
        }
      }
    }
    for caller in callers { caller.join() }
    #expect(worker.settle())
    #expect(errands.done.load(ordering: .acquiring) == 80_000 && clashes.value.load(ordering: .relaxed) == 0)
    worker.end()
  }

  @Test func where_the_host_has_no_thread_for_it_each_caller_finds_its_work_done() throws {
    let errands = Errands()
    let worker = workerWithoutThreads()
    try worker.start(by: .threadWhenCalled, attempt: { false }, errands.work)
    for turn in 1...2 {
      errands.asked.store(turn, ordering: .relaxed)
      worker.call()
      #expect(errands.done.load(ordering: .relaxed) == turn)
    }
    worker.stop()
    #expect(worker.join())
  }

  @Test func a_call_that_an_attempt_makes_is_for_its_caller_where_the_host_has_no_thread() throws {
    let errands = Errands()
    let worker = workerWithoutThreads()
    try worker.start(
      by: .threadWhenCalled,
      attempt: { [weak worker] in
        worker?.call()
        return true
      }
    ) {
      errands.done.add(1, ordering: .releasing)
      return nil
    }
    worker.call()
    #expect(errands.done.load(ordering: .acquiring) == 1)
    worker.end()
  }

  @Test func a_worker_that_is_stopped_before_its_first_call_never_has_a_thread() throws {
    let worker = Worker(name: "errands") { (_, _) throws(SystemError) in
      Issue.record("a thread is made")
      throw SystemError(code: EAGAIN)
    }
    try worker.start(by: .threadWhenCalled) { nil }
    worker.stop()
    worker.call()
    #expect(worker.join())
  }

  @Test func what_a_worker_was_called_for_before_its_start_is_not_forgotten() throws {
    for doer in [Worker.Doer.thread, .threadWhenCalled, .callers] {
      let (worker, errands) = (Worker(name: "errands"), Errands())
      errands.asked.add(1, ordering: .relaxed)
      worker.call()
      try worker.start(by: doer, errands.work)
      #expect(worker.settle())
      #expect(errands.done.load(ordering: .acquiring) == 1)
      worker.end()
    }
  }
}
