import GuestRAM
import Primitives
import Processor
import Synchronization
import SystemBus

@testable import SoftCPU

/// A small system of its own: descriptor tables, page tables and a handler for each exception, which pushes its
/// number and halts.
final class SystemGuest {
  enum Mode: CaseIterable { case segments, paging32, pae, long }
  enum Place {
    static let code: UInt64 = 0x1000
    static let stack: UInt64 = 0x5000
    static let innerStack: UInt64 = 0x4800
    static let separateStack: UInt64 = 0x4400
    static let global: UInt64 = 0x6000
    static let interrupts: UInt64 = 0x7000
    static let task: UInt64 = 0x8000
    static let secondTask: UInt64 = 0x8800
    static let handlers: UInt64 = 0x9000
    static let tables: UInt64 = 0x10_0000
  }
  enum Selector {
    static let code64: UInt16 = 0x08, data: UInt16 = 0x10, code32: UInt16 = 0x18
    static let userCode32: UInt16 = 0x23, userData: UInt16 = 0x2B, userCode64: UInt16 = 0x33
    static let task: UInt16 = 0x38
    /// For the test's own descriptors.
    static let own: UInt16 = 0x50
  }

  let mode: Mode
  let memory: GuestMemory
  let processor: CoreContext
  var core: Core { processor.core }
  private var nextTable = Place.tables + 0x1000

  init(_ mode: Mode) throws {
    self.mode = mode
    memory = try GuestMemory(size: 16 << 20)
    processor = try CoreContext(CoreEnvironment(memory: memory))
    processor.refreshMap()
    let descriptors: [UInt64] = [
      0, 0x00AF_9B00_0000_FFFF, 0x00CF_9300_0000_FFFF, 0x00CF_9B00_0000_FFFF, 0x00CF_FB00_0000_FFFF, 0x00CF_F300_0000_FFFF,
      0x00AF_FB00_0000_FFFF, 0x0000_8B00_8000_0067, 0,
    ]
    for (number, descriptor) in descriptors.enumerated() { try store(descriptor, Place.global + UInt64(number) * 8) }
    for vector in 0..<256 {
      try setGate(UInt8(vector), 0x8E00)
      // push vector; hlt
      try memory.write([0x6A, UInt8(vector & 0x7F), 0xF4], at: GuestAddress(Place.handlers + UInt64(vector) * 16))
    }
    try makeTask()
    if mode != .segments { for page in 0..<16 { try map(UInt64(page) << 12, UInt64(page) << 12, 3) } }
    try enter(user: false)
  }

  func store(_ value: UInt64, _ place: UInt64) throws { try memory.store(value, at: GuestAddress(place)) }
  func store32(_ value: UInt64, _ place: UInt64) throws { try memory.store(UInt32(truncatingIfNeeded: value), at: GuestAddress(place)) }
  func load(_ place: UInt64) throws -> UInt64 { try memory.load(UInt64.self, at: GuestAddress(place)) }
  func load32(_ place: UInt64) throws -> UInt64 { UInt64(try memory.load(UInt32.self, at: GuestAddress(place))) }

  /// An interrupt gate with type, rights and interrupt stack in its second word; 0x8E00 is the system's.
  func setGate(_ vector: UInt8, _ rights: UInt64, selector: UInt16? = nil) throws {
    let target = Place.handlers + UInt64(vector) * 16
    let selector = selector ?? (mode == .long ? Selector.code64 : Selector.code32)
    let low = target & 0xFFFF | UInt64(selector) << 16 | rights << 32 | (target >> 16) << 48
    try store(low, Place.interrupts + UInt64(vector) * (mode == .long ? 16 : 8))
    if mode == .long { try store(0, Place.interrupts + UInt64(vector) * 16 + 8) }
  }

  private func makeTask() throws {
    if mode == .long {
      try store(Place.innerStack, Place.task + 4)
      try store(Place.separateStack, Place.task + 0x24)
    } else {
      try store32(Place.innerStack, Place.task + 4)
      try store32(UInt64(Selector.data), Place.task + 8)
    }
    // The port bitmap begins beyond the limit: no ports.
    try store32(0x68 << 16, Place.task + 0x64)
  }

  // MARK: Page tables

  /// Maps a page of `1 << shift` bytes with the low bits of its entry (and NX) given.
  func map(_ address: UInt64, _ physical: UInt64, _ rights: UInt64, shift: UInt64 = 12) throws {
    let place = try entryPlace(address, shift: shift, making: true)
    let entry = physical | rights | (shift > 12 ? 0x80 : 0)
    if mode == .paging32 { try store32(entry, place) } else { try store(entry, place) }
    core.flushTranslations()
  }

  /// Where the entry of an address lies in the table whose pages have `1 << shift` bytes.
  func entryPlace(_ address: UInt64, shift last: UInt64, making: Bool = false) throws -> UInt64 {
    let shifts: [UInt64] = mode == .paging32 ? [22, 12] : mode == .pae ? [30, 21, 12] : [39, 30, 21, 12]
    var table = Place.tables
    for shift in shifts {
      let index = address >> shift & (mode == .paging32 ? 0x3FF : 0x1FF)
      let place = table + index * (mode == .paging32 ? 4 : 8)
      if shift == last { return place }
      var entry = try mode == .paging32 ? load32(place) : load(place)
      if entry == 0 && making {
        entry = nextTable | (mode == .pae && shift == 30 ? 1 : 7)
        nextTable += 0x1000
        if mode == .paging32 { try store32(entry, place) } else { try store(entry, place) }
      }
      table = entry & 0xF_FFFF_FFFF_F000
    }
    return table
  }

  // MARK: Running

  /// Puts the processor at the start of the code, as system or user.
  func enter(user: Bool) throws {
    if mode != .segments { for page in [Place.code, Place.innerStack & ~0xFFF] { try map(page, page, user ? 7 : 3) } }
    var state = ProcessorState.reset
    state.cs = mode == .long ? .flatCode64 : .flatCode32
    state.ss = .flatData
    state.cs.selector = user ? (mode == .long ? Selector.userCode64 : Selector.userCode32) : mode == .long ? Selector.code64 : Selector.code32
    state.ss.selector = user ? Selector.userData : Selector.data
    if user {
      state.cs.attributes |= 0x60
      state.ss.attributes |= 0x60
    }
    (state.ds, state.es) = (state.ss, state.ss)
    state.globalTable = TableState(base: Place.global, limit: 0xFF)
    state.interruptTable = TableState(base: Place.interrupts, limit: mode == .long ? 0xFFF : 0x7FF)
    state.task = SegmentState(selector: Selector.task, base: Place.task, limit: 0x67, attributes: 0x8B)
    state.cr0 = mode == .segments ? 0x1_0011 : 0x8001_0011
    state.cr3 = Place.tables
    state.cr4 = mode == .segments ? 0 : mode == .paging32 ? 0x10 : 0x20
    state.efer = mode == .long ? 0xD01 : mode == .pae ? 0x800 : 0
    state.rip = Place.code
    state.rflags = 2
    state[.rsp] = Place.stack
    try processor.setState(state)
  }

  /// Runs code until it halts, with at most so many instructions.
  /// - Returns: the number that the handler of an exception pushed; nil if none ran.
  @discardableResult func run(_ code: [UInt8], steps: Int = 1000) throws -> UInt8? {
    try memory.write(code, at: GuestAddress(Place.code))
    core[.rip] = Place.code
    return try go(steps: steps)
  }

  func go(steps: Int = 1000) throws -> UInt8? {
    core[.halted] = 0
    for _ in 0..<steps where core[.halted] == 0 {
      do throws(TripleFault) {
        do throws(Fault) { try core.stepExactly() } catch { try core.deliver(error) }
      } catch {
        wasShutDown = true
        return nil
      }
    }
    _ = unsafe core.attentionWord.pointee.exchange(0, ordering: .relaxed)
    guard core[.rip] & ~0xFFF == Place.handlers else { return nil }
    return UInt8(truncatingIfNeeded: core[.rip] >> 4)
  }
  private(set) var wasShutDown = false

  /// A word of the handler's frame: 0 is what was pushed last before the handler's own number.
  func frame(_ number: Int) throws -> UInt64 {
    let place = core.segmentBase(Segment.ss) &+ core[.rsp]
    return try mode == .long ? load(place + 8 + UInt64(number) * 8) : load32(place + 4 + UInt64(number) * 4)
  }
}
