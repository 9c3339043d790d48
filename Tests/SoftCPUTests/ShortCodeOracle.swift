import Glibc
import Synchronization

@testable import SoftCPU

/// The host processor as the judge of 32-bit and 16-bit code, which it runs beside its 64-bit applications.
///
/// 16-bit code has segments of its own: code at this memory, and the scratch pages for data and stack.
@safe final class ShortCodeOracle: @unchecked Sendable {
  /// Below 4 GiB: one page of code.
  static let place: UInt64 = 0x3000_0000
  static let slot = 1024
  static let shared = Mutex(ShortCodeOracle())

  /// Out of reach of 16-bit code: the way in and out, and a page of data.
  private static let frame: UInt64 = 0x3002_0000
  /// Whether a stray jump has executed the oracle instead of the code under test.
  static func owns(_ address: UInt64) -> Bool { address &- frame < 8192 }
  private static let epilogue = 2048
  private static let data = 4096
  private static let flags = data + 128
  private static let hostStack = data + 136
  private static let segments = data + 144
  private static let entry = data + 160

  private let page: UnsafeMutableRawPointer
  private let memory: UnsafeMutableRawPointer
  private var hasSegments = false

  private init() {
    unsafe page = Self.map(Self.place, 4096)
    unsafe memset(page, 0xCC, 4096)
    unsafe memory = Self.map(Self.frame, 8192)
    var code = HostCode()
    for byte: UInt8 in [0x53, 0x55] { code.emit(byte) }
    for register: UInt8 in 12...15 { code.emit(0x41, 0x50 + register - 8) }
    code.relative(wide: true, [0x89], reg: 4, to: Self.hostStack)
    code.relative([0xFF], reg: 6, to: Self.flags)
    code.emit(0x9D)
    for segment: UInt8 in [3, 0, 2] { code.relative([0x8E], reg: segment, to: Self.segments) }
    for register: UInt8 in 0..<8 { code.relative(wide: true, [0x8B], reg: register, to: Self.data + Int(register) * 8) }
    code.relative([0xFF], reg: 5, to: Self.entry)
    put(code, 0)
    code = HostCode()
    code.pad(to: Self.epilogue)
    for register: UInt8 in 0..<8 { code.relative(wide: true, [0x89], reg: register, to: Self.data + Int(register) * 8) }
    code.relative(wide: true, [0x8B], reg: 4, to: Self.hostStack)
    code.emit(0x9C)
    code.relative([0x8F], reg: 0, to: Self.flags)
    // push 2; popf: what follows is not under test, nor are its alignments.
    code.emit(0x6A, 0x02, 0x9D)
    // xor eax, eax; mov ds, eax; mov es, eax; cld
    code.emit(0x31, 0xC0, 0x8E, 0xD8, 0x8E, 0xC0, 0xFC)
    for register: UInt8 in (12...15).reversed() { code.emit(0x41, 0x58 + register - 8) }
    for byte: UInt8 in [0x5D, 0x5B, 0xC3] { code.emit(byte) }
    put(code, Self.epilogue, from: Self.epilogue)
  }

  private static func map(_ address: UInt64, _ size: Int) -> UnsafeMutableRawPointer {
    let wanted = unsafe UnsafeMutableRawPointer(bitPattern: UInt(address))
    let rights = PROT_READ | PROT_WRITE | PROT_EXEC
    let place = unsafe mmap(wanted, size, rights, MAP_PRIVATE | MAP_ANONYMOUS | 0x10_0000 /* MAP_FIXED_NOREPLACE */, -1, 0)
    guard let place = unsafe place, UInt(bitPattern: place) == UInt(address) else { fatalError("no memory for short code") }
    return unsafe place
  }

  private func put(_ code: HostCode, _ place: Int, from start: Int = 0) {
    unsafe code.bytes.withUnsafeBytes { bytes in
      if let base = bytes.baseAddress { unsafe memcpy(memory + place, base + start, bytes.count - start) }
    }
  }

  /// Where the code under test starts, as its instruction pointer has it.
  static func codeAddress(_ mode: CodeMode) -> UInt64 { mode == .small16 ? UInt64(slot) : place + UInt64(slot) }

  /// Enters 16-bit segments in the local table of this process: its code and, second, its data.
  private func makeSegments(_ oracle: HostOracle) {
    guard !hasSegments else { return }
    hasSegments = true
    for (number, base, limit, contents) in [(UInt32(0), UInt32(Self.place), UInt32(0xFFFF), UInt32(2)), (1, UInt32(HostOracle.scratch), UInt32(HostOracle.scratchSize - 1), 0)] {
      var description: [UInt8] = []
      // struct user_desc; the last word holds contents and "not present" bits only.
      for word in [number, base, limit, contents << 1] { for k in 0..<4 { description.append(UInt8(truncatingIfNeeded: word >> UInt32(8 * k))) } }
      var state = OracleState()
      state.registers[0] = 154  // modify_ldt
      state.registers[7] = 0x11
      state.registers[6] = HostOracle.scratch
      state.registers[2] = 16
      _ = oracle.run([0x0F, 0x05], &state, &description)
    }
  }

  /// Runs `code`, ended by INT3, from `state` with `contents` in the scratch pages; and where it ended.
  func run(_ code: [UInt8], _ mode: CodeMode, _ state: inout OracleState, _ contents: inout [UInt8], _ oracle: HostOracle) -> (OracleFault?, UInt64) {
    if mode == .small16 { makeSegments(oracle) }
    let slot = code + [UInt8](repeating: 0xCC, count: HostOracle.slotSize - code.count)
    unsafe slot.withUnsafeBytes { if let base = $0.baseAddress { unsafe memcpy(page + Self.slot, base, $0.count) } }
    for k in 0..<8 { unsafe memory.storeBytes(of: state.registers[k], toByteOffset: Self.data + 8 * k, as: UInt64.self) }
    unsafe memory.storeBytes(of: state.enteredFlags, toByteOffset: Self.flags, as: UInt64.self)
    unsafe memory.storeBytes(of: mode == .small16 ? 0x0F : 0x2B, toByteOffset: Self.segments, as: UInt16.self)
    unsafe memory.storeBytes(of: UInt32(Self.codeAddress(mode)), toByteOffset: Self.entry, as: UInt32.self)
    unsafe memory.storeBytes(of: mode == .small16 ? 0x07 : 0x23, toByteOffset: Self.entry + 4, as: UInt16.self)
    let fault = unsafe oracle.enter(memory, epilogue: Self.frame + UInt64(Self.epilogue), &contents)
    for k in 0..<8 { state.registers[k] = unsafe memory.load(fromByteOffset: Self.data + 8 * k, as: UInt64.self) & 0xFFFF_FFFF }
    state.flags = unsafe memory.load(fromByteOffset: Self.flags, as: UInt64.self) & 0xCD5 | 2
    return (fault, oracle.faultAddress)
  }
}
