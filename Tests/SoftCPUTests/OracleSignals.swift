import CLinux
import Glibc

@testable import SoftCPU

/// The signal side of the oracle: a fault of the code under test continues at the epilogue.
enum OracleSignals {
  nonisolated(unsafe) static var epilogue: UInt64 = 0
  nonisolated(unsafe) static var armed = false
  nonisolated(unsafe) static var fault: OracleFault?
  nonisolated(unsafe) static var instruction: UInt64 = 0

  private typealias Handler = @convention(c) (Int32, UnsafeMutablePointer<siginfo_t>?, UnsafeMutableRawPointer?) -> Void
  nonisolated(unsafe) private static var entrance: ExecutableMemory?

  /// What the code under test may raise.
  private static let faults = [SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP]

  /// All signals but those: a handler of theirs would run on whatever the code under test has for a stack.
  static let others: sigset_t = {
    var set = sigset_t()
    unsafe sigfillset(&set)
    for signal in faults { unsafe sigdelset(&set, signal) }
    return set
  }()

  /// A handler that is called without the code's AC: it may access memory as it likes.
  @unsafe private static func aligned(_ handler: Handler) -> Handler {
    guard let memory = ExecutableMemory(size: 4096) else { fatalError("no executable memory") }
    unsafe entrance = memory
    var code = HostCode()
    // pushf; and dword [rsp], ~AC; popf; mov rax, handler; jmp rax
    code.emit(0x9C, 0x81, 0x24, 0x24, 0xFF, 0xFF, 0xFB, 0xFF, 0x9D, 0x48, 0xB8)
    let place = UInt64(UInt(bitPattern: unsafe unsafeBitCast(handler, to: UnsafeRawPointer.self)))
    code.emit32(Int32(truncatingIfNeeded: place))
    code.emit32(Int32(truncatingIfNeeded: place >> 32))
    code.emit(0xFF, 0xE0)
    guard memory.write(code.bytes, at: 0) else { fatalError("the signal handler's entrance is too long") }
    return unsafe unsafeBitCast(memory.start, to: Handler.self)
  }

  static func install() {
    unsafe armed = false
    unsafe fault = nil
    var action = sigaction()
    action.sa_flags = SA_SIGINFO | SA_ONSTACK
    let handler: Handler = { signal, info, context in
      guard unsafe OracleSignals.armed, let info = unsafe info, let context = unsafe context else {
        Glibc.signal(signal, SIG_DFL)
        return
      }
      let address = unsafe UInt64(UInt(bitPattern: info.pointee._sifields._sigfault.si_addr))
      unsafe OracleSignals.fault = OracleFault(signal: signal, code: info.pointee.si_code, address: address)
      let frame = unsafe context.assumingMemoryBound(to: ucontext_t.self)
      unsafe OracleSignals.instruction = UInt64(bitPattern: Int64(frame.pointee.uc_mcontext.gregs.16))
      unsafe frame.pointee.uc_mcontext.gregs.16 = Int64(OracleSignals.epilogue)  // REG_RIP
      unsafe frame.pointee.uc_mcontext.gregs.17 &= ~Int64(Flags.tf)  // REG_EFL
      // REG_CSGSFS: back to 64-bit code, whatever ran.
      unsafe frame.pointee.uc_mcontext.gregs.18 = frame.pointee.uc_mcontext.gregs.18 & 0xFFFF_FFFF_0000 | 0x2B << 48 | 0x33
    }
    unsafe action.__sigaction_handler.sa_sigaction = unsafe aligned(handler)
    for signal in faults { unsafe sigaction(signal, &action, nil) }
  }
}
