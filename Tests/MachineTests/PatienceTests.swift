import Testing

@testable import Machine

/// A thread that does a guest's requests, and now and then asks how long it has waited for a processor.
@Suite struct PatienceTests {
  private final class Thread {
    var patience = Patience()
    var waited: UInt64? = 0
    /// The turns in which it was patient, and all.
    private(set) var patientTurns = 0
    private(set) var turns = 0

    /// As many turns with as many requests each, for which a patient thread has to wait so long.
    func work(turns count: Int, requests: Int, waiting: UInt64 = 0) {
      (patientTurns, turns) = (0, 0)
      for _ in 0..<count {
        if patience.isPatient {
          patientTurns += 1
          waited = waited.map { $0 + waiting }
        }
        turns += 1
        patience.endTurn(requests: requests) { waited }
      }
    }
  }

  private let thread = Thread()

  @Test func is_patient_while_the_guest_asks_for_more() {
    thread.work(turns: 128, requests: 1)
    thread.work(turns: 10_000, requests: 32, waiting: 100_000)
    #expect(thread.patientTurns == 10_000)
  }

  @Test func is_as_others_are_for_a_guest_that_asks_for_one_at_a_time_but_for_trials() {
    thread.work(turns: 10_000, requests: 1)
    #expect(1...400 ~= thread.patientTurns)
  }

  @Test func notices_within_a_trial_that_the_guest_asks_for_more_or_no_longer() {
    thread.work(turns: 1000, requests: 1)
    thread.work(turns: 1000, requests: 8)
    #expect(thread.patientTurns > 800)
    thread.work(turns: 1000, requests: 1)
    #expect(thread.patientTurns < 200)
  }

  @Test func is_seldom_patient_where_others_take_the_processor_for_long() {
    thread.work(turns: 100_000, requests: 32, waiting: 4_000_000)
    #expect(1...30 ~= thread.patientTurns)
  }

  @Test func is_never_patient_where_nobody_knows_how_long_that_takes() {
    thread.waited = nil
    thread.work(turns: 10_000, requests: 32)
    #expect(thread.patientTurns == 0)
  }

  @Test func turns_without_requests_are_no_reason_for_patience() {
    thread.work(turns: 10_000, requests: 0)
    #expect(thread.patientTurns < 400)
  }
}
