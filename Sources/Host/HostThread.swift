import CLinux
import Glibc
internal import Synchronization

/// A thread that runs one closure. One that nobody waits for cleans up after itself.
public final class HostThread: Sendable {
  /// Nil once somebody has waited for it.
  private let thread: Mutex<pthread_t?>
  private let hold: Hold?

  /// - Parameters:
  ///   - name: what tools of the host show; its first 15 bytes.
  ///   - number: of the thread, among those of one name; it is shown, too.
  ///   - isHeld: it begins only at `release`, which takes a host less time than to make a thread. It waits on its maker's processor, if the
  ///     maker stays there: another one may have to wake up first.
  ///   - staysElsewhere: it begins on another processor than the caller's, who is about to work beside it, and stays off that until
  ///     `runAnywhere`. Else a host may keep a new thread where its maker is, until that waits, to leave other processors asleep.
  public init(
    name: String, number: Int? = nil, isHeld: Bool = false, staysElsewhere: Bool = false, _ body: @escaping @Sendable () -> Void
  ) throws(SystemError) {
    hold = isHeld ? Hold() : nil
    let start = unsafe Unmanaged.passRetained(Start(name: name, number: number, hold: hold, staysElsewhere: staysElsewhere, body: body))
    var thread = pthread_t()
    let code = unsafe linux_make_thread(
      &thread, staysElsewhere ? 1 : 0,
      { argument in
        guard let argument = unsafe argument else { return nil }
        unsafe Unmanaged<Start>.fromOpaque(argument).takeRetainedValue().run()
        return nil
      }, unsafe start.toOpaque())
    guard code == 0 else {
      unsafe start.release()
      throw SystemError(code: code)
    }
    self.thread = Mutex(thread)
  }

  /// Lets a held thread begin.
  public func release() { hold?.end() }

  /// Waits until the closure has returned and the thread is gone. The first call does; later ones return at once.
  public func join() {
    if let thread = thread.withLock({ $0.take() }) { pthread_join(thread, nil) }
  }

  deinit {
    release()
    if let thread = thread.withLock({ $0 }) { pthread_detach(thread) }
  }

  /// Moves it to the caller's processor.
  public func comeHere() {
    thread.withLock { if let thread = $0 { linux_fetch_thread(thread) } }
  }

  /// Keeps the caller on the processor where it runs, until `runAnywhere`: for two threads that are to work side by side. When one waits for
  /// a moment, a host may wake it on the processor of the other, and there it waits until that one is done.
  public static func stayHere() { linux_keep_processor() }
  public static func runAnywhere() { linux_run_anywhere() }

  /// Whether the caller runs on the host's first processor at the moment, which has workers of the host that no other has.
  public static var isOnFirstProcessor: Bool { linux_current_processor() == 0 }

  /// Whether no threads of the whole host want to run but so many, of which one is the caller: then other processors are free.
  public static func areAlone(_ count: Int) -> Bool { linux_run_at_most(Int32(clamping: count)) != 0 }

  /// Whether the calling thread, when it is woken, leaves its processor to whoever runs there, until that thread's time is over. False if
  /// it is not what it would change from, as the user may have decided.
  public static func setPatience(_ isPatient: Bool) -> Bool { linux_set_patience(isPatient ? 1 : 0) == 0 }

  /// How long the calling thread ever waited for a processor that others had; nil if the host does not say.
  public static func nanosecondsWaited() -> UInt64? {
    let time = linux_nanoseconds_waited()
    return time < 0 ? nil : UInt64(time)
  }

  /// The calling thread's number, for `signal`.
  public static var currentNumber: Int32 { linux_thread_id() }

  /// Interrupts whatever host call the numbered thread of this process is in.
  public static func signal(_ number: Int32, _ signal: Int32) { _ = linux_signal_thread(number, signal) }

  /// What a thread waits for.
  ///
  /// Safe because a semaphore is made for several threads.
  @safe private final class Hold: @unchecked Sendable {
    private let semaphore = UnsafeMutablePointer<sem_t>.allocate(capacity: 1)

    init() { unsafe sem_init(semaphore, 0, 0) }

    deinit {
      unsafe sem_destroy(semaphore)
      unsafe semaphore.deallocate()
    }

    func end() { unsafe sem_post(semaphore) }

    func wait() { while unsafe sem_wait(semaphore) != 0 {} }
  }

  private final class Start: Sendable {
    private let name: String
    private let number: Int32
    private let hold: Hold?
    private let staysElsewhere: Bool
    private let body: @Sendable () -> Void

    init(name: String, number: Int?, hold: Hold?, staysElsewhere: Bool, body: @escaping @Sendable () -> Void) {
      self.hold = hold
      self.staysElsewhere = staysElsewhere
      self.name = name
      self.number = number.flatMap(Int32.init(exactly:)) ?? -1
      self.body = body
    }

    func run() {
      unsafe linux_name_thread(name, number)
      hold?.wait()
      if !staysElsewhere { HostThread.runAnywhere() }
      body()
    }
  }
}
