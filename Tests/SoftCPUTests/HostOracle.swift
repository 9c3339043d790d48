import CLinux
import Glibc
import Synchronization

@testable import SoftCPU

/// What an instruction starts from, or leaves behind.
struct OracleState: Equatable {
  /// rax rcx rdx rbx rsp rbp rsi rdi r8 … r15, in encoding order.
  var registers = [UInt64](repeating: 0, count: 16)
  var flags: UInt64 = 2
  /// An FXSAVE64 image: control word at 0, MXCSR at 24, ST/MM at 32, XMM at 160.
  var image = OracleState.freshImage
  /// The upper halves of YMM0 to YMM15, where the host has them.
  var upper = [UInt8](repeating: 0, count: 256)

  /// The flags that code under test may have: the arithmetic ones, DF, AC, and the interrupt flag of all applications.
  var enteredFlags: UInt64 { flags & (0xCD5 | Flags.ac) | 0x202 }

  static let freshImage: [UInt8] = {
    var image = [UInt8](repeating: 0, count: 512)
    image[0] = 0x7F
    image[1] = 0x03
    image[24] = 0x80
    image[25] = 0x1F
    return image
  }()
}

/// How an instruction ended: quietly, or with one of the host's signals.
struct OracleFault: Equatable {
  var signal: Int32
  var code: Int32
  var address: UInt64
}

/// The host processor as the judge of what an instruction does.
///
/// Runs a few bytes of code with chosen registers. The code must not leave its slot (a jump elsewhere ends as a
/// fault) nor loop. Memory it touches should lie in `scratch`; the stack pointer too, if it uses the stack.
@safe final class HostOracle: @unchecked Sendable {
  /// Where the scratch pages are, and how large; everything beyond faults.
  static let scratch: UInt64 = 0x1000_0000
  static let scratchSize = 8192
  static let shared = Mutex(HostOracle())

  static let slotSize = 1024
  private static let registers = 4096
  private static let flags = registers + 128
  private static let hostStack = registers + 136
  private static let hostControl = registers + 144
  private static let image = registers + 512
  private static let upper = registers + 1024
  static let hasAVX2 = VectorStubs.shared.hasAVX2

  private let memory: ExecutableMemory
  private let slot: Int
  private let epilogue: Int
  private let signalStack: UnsafeMutableRawPointer

  /// Where the code under test starts, for operands relative to the instruction pointer.
  var codeAddress: UInt64 { UInt64(UInt(bitPattern: unsafe memory.start)) + UInt64(slot) }

  private init() {
    guard let memory = ExecutableMemory(size: 4096, trailing: 4096) else { fatalError("no executable memory") }
    self.memory = memory
    var code = HostCode()
    for byte: UInt8 in [0x53, 0x55] { code.emit(byte) }
    for register: UInt8 in 12...15 { code.emit(0x41, 0x50 + register - 8) }
    code.relative(wide: true, [0x89], reg: 4, to: Self.hostStack)
    code.relative([0x0F, 0xAE], reg: 3, to: Self.hostControl)
    code.relative(wide: true, [0x0F, 0xAE], reg: 1, to: Self.image)
    if Self.hasAVX2 { Self.moveUpper(&code, stores: false) }
    code.relative([0xFF], reg: 6, to: Self.flags)
    code.emit(0x9D)
    for register: UInt8 in 0..<16 {
      code.relative(wide: true, [0x8B], reg: register, to: Self.registers + Int(register) * 8)
    }
    slot = code.bytes.count
    code.pad(to: slot + Self.slotSize)
    epilogue = code.bytes.count
    for register: UInt8 in 0..<16 {
      code.relative(wide: true, [0x89], reg: register, to: Self.registers + Int(register) * 8)
    }
    code.relative(wide: true, [0x8B], reg: 4, to: Self.hostStack)
    code.emit(0x9C)
    code.relative([0x8F], reg: 0, to: Self.flags)
    // push 2; popf: what follows is not under test, nor are its alignments.
    code.emit(0x6A, 0x02, 0x9D)
    if Self.hasAVX2 {
      Self.moveUpper(&code, stores: true)
      code.emit(0xC5, 0xF8, 0x77)  // vzeroupper
    }
    code.relative(wide: true, [0x0F, 0xAE], reg: 0, to: Self.image)
    code.emit(0xDB, 0xE3)  // fninit
    code.relative([0x0F, 0xAE], reg: 2, to: Self.hostControl)
    code.emit(0xFC)
    for register: UInt8 in (12...15).reversed() { code.emit(0x41, 0x58 + register - 8) }
    for byte: UInt8 in [0x5D, 0x5B, 0xC3] { code.emit(byte) }
    guard memory.write(code.bytes, at: 0) else { fatalError("the trampoline is too long") }

    let place = unsafe mmap(
      UnsafeMutableRawPointer(bitPattern: UInt(Self.scratch)), Self.scratchSize, PROT_READ | PROT_WRITE,
      MAP_PRIVATE | MAP_ANONYMOUS | 0x10_0000 /* MAP_FIXED_NOREPLACE */, -1, 0)
    guard UInt(bitPattern: place) == UInt(Self.scratch) else { fatalError("the scratch pages are taken") }
    unsafe signalStack = UnsafeMutableRawPointer.allocate(byteCount: 65536, alignment: 4096)
    OracleSignals.install()
  }

  /// VINSERTF128 or VEXTRACTF128 for all registers.
  private static func moveUpper(_ code: inout HostCode, stores: Bool) {
    for register: UInt8 in 0..<16 {
      code.emit(0xC4, register < 8 ? 0xE3 : 0x63, stores ? 0x7D : (~register & 15) << 3 | 5, stores ? 0x19 : 0x18)
      code.emit((register & 7) << 3 | 5)
      code.emit32(Int32(upper + Int(register) * 16 - (code.bytes.count + 5)))
      code.emit(1)
    }
  }

  /// Where the code under test was when its fault came, after INT3 for that.
  var faultAddress: UInt64 { unsafe OracleSignals.instruction }

  /// Runs `code` from `state` with `contents` in the scratch pages, and leaves there what it did.
  ///
  /// `filler` follows the code in its slot: NOPs run quietly to the end, INT3 tells where the code ended.
  func run(_ code: [UInt8], _ state: inout OracleState, _ contents: inout [UInt8], filler: UInt8 = 0x90) -> OracleFault? {
    precondition(code.count <= Self.slotSize && contents.count <= Self.scratchSize)
    let filled = memory.write(code + [UInt8](repeating: filler, count: Self.slotSize - code.count), at: slot)
    precondition(filled)
    // A translator's test may have run on this thread, and left GS to its core.
    precondition(unsafe linux_prepare_guest_thread(nil, signalStack, 65536) == 0)
    let data = unsafe memory.start
    for (i, value) in state.registers.enumerated() {
      unsafe data.storeBytes(of: value, toByteOffset: Self.registers + 8 * i, as: UInt64.self)
    }
    unsafe data.storeBytes(of: state.enteredFlags, toByteOffset: Self.flags, as: UInt64.self)
    unsafe state.image.withUnsafeBytes { source in
      if let base = source.baseAddress { unsafe memcpy(data + Self.image, base, 512) }
    }
    unsafe state.upper.withUnsafeBytes { source in
      if let base = source.baseAddress { unsafe memcpy(data + Self.upper, base, 256) }
    }
    let fault = unsafe enter(data, epilogue: UInt64(UInt(bitPattern: data)) + UInt64(epilogue), &contents)

    for i in 0..<16 {
      state.registers[i] = unsafe data.load(fromByteOffset: Self.registers + 8 * i, as: UInt64.self)
    }
    state.flags = unsafe data.load(fromByteOffset: Self.flags, as: UInt64.self) & 0xCD5 | 2
    unsafe state.image.withUnsafeMutableBytes { target in
      if let base = target.baseAddress { unsafe memcpy(base, data + Self.image, 512) }
    }
    unsafe state.upper.withUnsafeMutableBytes { target in
      if let base = target.baseAddress { unsafe memcpy(base, data + Self.upper, 256) }
    }
    return fault
  }

  /// Calls code that comes back at `epilogue`, whatever happens, with `contents` in the scratch pages.
  @unsafe func enter(_ code: UnsafeMutableRawPointer, epilogue: UInt64, _ contents: inout [UInt8]) -> OracleFault? {
    let place = unsafe UnsafeMutableRawPointer(bitPattern: UInt(Self.scratch))
    guard let place = unsafe place else { fatalError("no scratch pages") }
    unsafe contents.withUnsafeBytes { source in
      if let base = source.baseAddress { unsafe memcpy(place, base, source.count) }
    }
    var stack = unsafe stack_t(ss_sp: signalStack, ss_flags: 0, ss_size: 65536)
    unsafe sigaltstack(&stack, nil)
    var (others, before) = (OracleSignals.others, sigset_t())
    unsafe pthread_sigmask(SIG_BLOCK, &others, &before)
    unsafe OracleSignals.epilogue = epilogue
    unsafe OracleSignals.fault = nil
    unsafe OracleSignals.armed = true
    typealias Entry = @convention(c) () -> Void
    unsafe unsafeBitCast(code, to: Entry.self)()
    unsafe OracleSignals.armed = false
    unsafe pthread_sigmask(SIG_SETMASK, &before, nil)
    unsafe stack.ss_flags = 2  // SS_DISABLE
    unsafe sigaltstack(&stack, nil)
    unsafe contents.withUnsafeMutableBytes { target in
      if let base = target.baseAddress { unsafe memcpy(base, place, target.count) }
    }
    return unsafe OracleSignals.fault
  }
}
