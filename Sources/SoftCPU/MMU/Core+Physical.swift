internal import Primitives
internal import Synchronization
internal import SystemBus

extension Core {
  /// Where a physical address lies on the host, unless it is a device's. The answer holds for the rest of its page: RAM
  /// and ROM come in pages, and what follows one may be anything.
  /// If some of the `count` bytes that are asked for writing are code, its page loses its mark, and its blocks end.
  @inline(__always) func physicalHost(_ address: UInt64, write: Bool, count: Int = 1) -> UnsafeMutableRawPointer? {
    let offset = address &- self[.ramFirst]
    if offset < self[.ramSize], !write || !isMarked(offset) { return unsafe UnsafeMutableRawPointer(bitPattern: UInt(self[.ramHost] &+ offset)) }
    return unsafe physicalHostSlowly(address, write: write, count)
  }

  /// Whether the page at an offset in the largest window of RAM has code.
  @inline(__always) private func isMarked(_ offset: UInt64) -> Bool {
    let marks = unsafe UnsafePointer<UInt8>(bitPattern: UInt(self[.marks]))
    return unsafe marks?[Int(truncatingIfNeeded: (self[.ramOffset] &+ offset) >> 12)] == 1
  }

  /// Remembers the largest window of RAM, which most physical accesses mean.
  func noteWindows(_ windows: [PhysicalWindow]) {
    self[.ramSize] = 0
    for window in windows where window.last - window.first >= self[.ramSize] {
      guard let offset = window.writeOffset, unsafe window.host == window.writeHost else { continue }
      self[.ramFirst] = window.first
      self[.ramSize] = window.last - window.first + 1
      self[.ramHost] = UInt64(UInt(bitPattern: unsafe window.host))
      self[.ramOffset] = UInt64(offset)
    }
  }

  @inline(never) private func physicalHostSlowly(_ address: UInt64, write: Bool, _ count: Int) -> UnsafeMutableRawPointer? {
    let context = self.context
    for window in context.windows where window.first <= address && address <= window.last {
      if write {
        guard let ram = window.writeOffset else { return nil }
        leaveCode(context, ram + Int(address - window.first), address, count)
        return unsafe window.writeHost + Int(address - window.first)
      }
      return unsafe window.host + Int(address - window.first)
    }
    return nil
  }

  /// Whether code of a page of RAM is cached, so that whoever writes to it must be seen.
  func hasCode(_ address: UInt64) -> Bool {
    let offset = address &- self[.ramFirst]
    if offset < self[.ramSize] { return isMarked(offset) }
    let context = self.context
    for window in context.windows where window.first <= address && address <= window.last {
      return window.writeOffset.map { context.environment.memory.codeMark(($0 + Int(address - window.first)) / 4096) == 1 } ?? false
    }
    return false
  }

  private func leaveCode(_ context: CoreContext, _ offset: Int, _ address: UInt64, _ count: Int) {
    let page = offset / 4096
    let first = Int(address & 0xFFF)
    let memory = context.environment.memory
    guard memory.codeMark(page) == 1, memory.code.hasCode(page, first..<first + count) else { return }
    context.codeIsOverwritten(page)
    stopBlock(inPage: address & ~0xFFF)
  }

  /// Whether `count` bytes from an address on are in more than one page.
  @inline(__always) private func crossesPage(_ address: UInt64, _ count: Int) -> Bool { Int(address & 0xFFF) + count > 4096 }

  func readPhysical(_ address: UInt64, _ count: Int) -> UInt64 {
    if crossesPage(address, count) {
      return (0..<count).reduce(0) { $0 | readPhysical(address &+ UInt64($1), 1) << UInt64(8 * $1) }
    }
    if let p = unsafe physicalHost(address, write: false) {
      return switch count {
      case 1: UInt64(unsafe p.load(as: UInt8.self))
      case 2: UInt64(unsafe p.loadUnaligned(as: UInt16.self))
      case 4: UInt64(unsafe p.loadUnaligned(as: UInt32.self))
      default: unsafe p.loadUnaligned(as: UInt64.self)
      }
    }
    let context = self.context
    if address & ~0xFFF == self[.apicPage] { return context.environment.interrupts.read(count, at: Int(address & 0xFFF)) }
    guard let width = AccessWidth(byteCount: count) else { return .max }
    return context.bus.read(width, from: GuestAddress(address))
  }

  func writePhysical(_ address: UInt64, _ value: UInt64, _ count: Int) {
    if crossesPage(address, count) {
      for byte in 0..<count { writePhysical(address &+ UInt64(byte), value >> UInt64(8 * byte), 1) }
      return
    }
    // Who writes what is there already, as GRUB does with the number of each interrupt that it calls, changes no code.
    if hasCode(address), readPhysical(address, count) == value & UInt64.max >> UInt64(64 - 8 * count) { return }
    if let p = unsafe physicalHost(address, write: true, count: count) {
      switch count {
      case 1: unsafe p.storeBytes(of: UInt8(truncatingIfNeeded: value), as: UInt8.self)
      case 2: unsafe p.storeBytes(of: UInt16(truncatingIfNeeded: value), as: UInt16.self)
      case 4: unsafe p.storeBytes(of: UInt32(truncatingIfNeeded: value), as: UInt32.self)
      default: unsafe p.storeBytes(of: value, as: UInt64.self)
      }
      return
    }
    let context = self.context
    if address & ~0xFFF == self[.apicPage] { return context.environment.interrupts.write(value, count, at: Int(address & 0xFFF)) }
    guard let width = AccessWidth(byteCount: count) else { return }
    context.bus.write(value, width, to: GuestAddress(address))
    // A flash chip that now gives its status does so to the next instruction.
    if self[.attention] & Attention.staleMap.rawValue != 0 { stopBlock() }
  }
}
