internal import Glibc
internal import Host
internal import Synchronization

/// Lets the guest go on before its requests are done, where more of them are done together then and none waits for long.
///
/// A thread that is woken takes the processor from whoever runs there: from the guest, where that has the same one, for each
/// request that it makes. A patient thread waits until it is left. That is soon if only the guest is there, which in the end has
/// nothing else to do. It is not if others want the processor, too. Which of them is so is seen by trials.
struct Patience: Sendable {
  /// What a turn of patience is worth it for: so many requests, none of which waits longer for the processor, in nanoseconds.
  private static let fewestRequests: UInt64 = 2
  private static let mostWaiting: UInt64 = 50_000
  private static let turnsOfTrial: UInt64 = 4
  private static let turnsOfProof: UInt64 = 64
  /// Before the next trial there are so many turns, and as many as keep what the last one cost under so many nanoseconds a turn.
  private static let fewestBetweenTrials: UInt64 = 128
  private static let costOfTrials: UInt64 = 1_000

  private(set) var isPatient = false
  /// How many turns there are from one look at what came of it to the next, and how many of them are left.
  private var turns = Self.fewestBetweenTrials
  private var turnsLeft = Self.fewestBetweenTrials
  private var requests: UInt64 = 0
  private var waitedBefore: UInt64 = 0

  /// Some requests were done.
  ///
  /// - Parameter waited: how many nanoseconds the thread has ever waited for a processor; nil if nobody knows.
  mutating func endTurn(requests count: Int, waited: () -> UInt64?) {
    requests &+= UInt64(count)
    turnsLeft -= 1
    guard turnsLeft == 0 else { return }
    guard let time = waited() else { return begin(isPatient: false, turns: .max, at: 0) }
    let waiting = time &- waitedBefore
    if !isPatient {
      begin(isPatient: true, turns: Self.turnsOfTrial, at: time)
    } else if requests / turns >= Self.fewestRequests, waiting / requests < Self.mostWaiting {
      begin(isPatient: true, turns: Self.turnsOfProof, at: time)
    } else {
      begin(isPatient: false, turns: max(waiting / Self.costOfTrials, Self.fewestBetweenTrials), at: time)
    }
  }

  private mutating func begin(isPatient: Bool, turns: UInt64, at time: UInt64) {
    self.isPatient = isPatient
    (self.turns, turnsLeft, requests, waitedBefore) = (turns, turns, 0, time)
  }
}

/// The thread that does a guest's requests, as patient as is good.
final class PatientThread: Sendable {
  private struct State: Sendable {
    /// Nil where the user has decided how threads are.
    var patience: Patience? = Patience()
    /// Who it is, while it is patient.
    var thread: pthread_t?
  }

  private let state = Mutex(State())

  /// The calling thread has done so many requests.
  func endTurn(requests: Int) {
    let caller = pthread_self()
    state.withLock { state in
      // Another one has stepped in for it.
      if let thread = state.thread, thread != caller { return }
      state.patience?.endTurn(requests: requests, waited: HostThread.nanosecondsWaited)
      let isPatient = state.patience?.isPatient ?? false
      guard isPatient != (state.thread != nil) else { return }
      if !HostThread.setPatience(isPatient) { state.patience = nil }
      state.thread = isPatient && state.patience != nil ? caller : nil
    }
  }
}
