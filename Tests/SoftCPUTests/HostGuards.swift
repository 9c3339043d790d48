import Glibc
import GuestRAM
import Primitives

@testable import SoftCPU

/// Patterns around all that translated code uses of the host: guest RAM, the core's block with its tables, and code.
///
/// Where something else of this process lies beside one of them, there is no pattern.
@safe final class HostGuards {
  private static let size = 1 << 16
  private static let pattern = [UInt8](repeating: 0xA5, count: size)

  private let twin: SoftTwin
  private let ramStart: UnsafeMutableRawPointer
  private var areas = unsafe [UnsafeMutableRawPointer]()
  private var hasCode = false
  private var ram: [UInt8] = []
  private var code: [UInt8] = []
  private var codeStart = 0
  private var scattered = 0

  init(_ twin: SoftTwin) {
    self.twin = twin
    // RAM has pages around it that nobody may access.
    unsafe ramStart = twin.memory.hostAddress(of: twin.memory.windows[0])
    for unsafe place in unsafe [ramStart - Self.size, ramStart + Int(twin.memory.size)] {
      guard unsafe mprotect(place, Self.size, PROT_READ | PROT_WRITE) == 0 else { continue }
      unsafe fill(place)
    }
    unsafe surround(twin.processor.core.base, Core.size)
  }

  private func fill(_ place: UnsafeMutableRawPointer) {
    unsafe memset(place, Int32(Self.pattern[0]), Self.size)
    unsafe areas.append(place)
  }

  private func surround(_ start: UnsafeMutableRawPointer, _ size: Int) {
    for unsafe place in unsafe [start - Self.size, start + size] {
      let mapped = unsafe mmap(place, Self.size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | 0x10_0000 /* MAP_FIXED_NOREPLACE */, -1, 0)
      if unsafe mapped == place { unsafe fill(place) }
    }
  }

  /// From here on nothing but the scratch pages changes.
  func begin() {
    ram = unsafe [UInt8](UnsafeRawBufferPointer(start: ramStart, count: Int(twin.memory.size)))
    codeStart = twin.processor.translator.used
    scattered = twin.processor.translator.scattered
    code = []
  }

  /// From here on the translator's code stays as it is.
  func keepCode() {
    guard let memory = twin.processor.translator.memory else { return }
    if !hasCode { unsafe surround(memory.start, memory.size) }
    hasCode = true
    code = translatedCode(memory)
  }

  /// What was written that no code under test may write.
  var difference: String? {
    for unsafe area in unsafe areas where unsafe memcmp(area, Self.pattern, Self.size) != 0 { return "something wrote beyond guest memory" }
    let start = unsafe ramStart
    for page in stride(from: 0, to: ram.count, by: 4096) where !SoftTwin.scratchPlaces.contains(UInt64(page)) {
      let isSame = unsafe ram.withUnsafeBytes { unsafe memcmp(start + page, $0.baseAddress! + page, 4096) == 0 }
      if !isSame { return "something wrote to other guest memory, at \(String(page, radix: 16))" }
    }
    // A block whose accesses were not near each other is made anew, and linked to when it is next run.
    let translator = twin.processor.translator
    if let memory = translator.memory, !code.isEmpty, translator.scattered == scattered, !translatedCode(memory).isSame(as: code) {
      return "something wrote to translated code"
    }
    return nil
  }

  /// What was made since the beginning.
  private func translatedCode(_ memory: ExecutableMemory) -> [UInt8] {
    let size = max(twin.processor.translator.used - codeStart, 0)
    return unsafe [UInt8](UnsafeRawBufferPointer(start: memory.start + codeStart, count: size))
  }
}

extension [UInt8] {
  /// `==`, which is slow where tests are not optimised.
  func isSame(as other: [UInt8]) -> Bool {
    unsafe count == other.count && withUnsafeBytes { a in unsafe other.withUnsafeBytes { b in unsafe memcmp(a.baseAddress!, b.baseAddress!, a.count) == 0 } }
  }
}
