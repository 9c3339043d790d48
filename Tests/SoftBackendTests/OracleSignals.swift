import CLinux
import Glibc

/// The signal side of the oracle: a fault of the code under test continues at the epilogue.
enum OracleSignals {
  nonisolated(unsafe) static var epilogue: UInt64 = 0
  nonisolated(unsafe) static var armed = false
  nonisolated(unsafe) static var fault: OracleFault?
  nonisolated(unsafe) static var instruction: UInt64 = 0

  /// What the code under test may raise.
  private static let faults = [SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP]

  /// All signals but those: a handler of theirs would run on whatever the code under test has for a stack.
  static let others: sigset_t = {
    var set = sigset_t()
    unsafe sigfillset(&set)
    for signal in faults { unsafe sigdelset(&set, signal) }
    return set
  }()

  static func install() {
    unsafe armed = false
    unsafe fault = nil
    var action = sigaction()
    action.sa_flags = SA_SIGINFO | SA_ONSTACK
    unsafe action.__sigaction_handler.sa_sigaction = { signal, info, context in
      guard unsafe OracleSignals.armed, let info = unsafe info, let context = unsafe context else {
        Glibc.signal(signal, SIG_DFL)
        return
      }
      let address = unsafe UInt64(UInt(bitPattern: info.pointee._sifields._sigfault.si_addr))
      unsafe OracleSignals.fault = OracleFault(signal: signal, code: info.pointee.si_code, address: address)
      let frame = unsafe context.assumingMemoryBound(to: ucontext_t.self)
      unsafe OracleSignals.instruction = UInt64(bitPattern: Int64(frame.pointee.uc_mcontext.gregs.16))
      unsafe frame.pointee.uc_mcontext.gregs.16 = Int64(OracleSignals.epilogue)  // REG_RIP
      // REG_CSGSFS: back to 64-bit code, whatever ran.
      unsafe frame.pointee.uc_mcontext.gregs.18 = frame.pointee.uc_mcontext.gregs.18 & 0xFFFF_FFFF_0000 | 0x2B << 48 | 0x33
    }
    for signal in faults { unsafe sigaction(signal, &action, nil) }
  }
}
