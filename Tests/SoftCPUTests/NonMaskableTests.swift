import DeviceModel
import GuestRAM
import InterruptChips
import Primitives
import Processor
import Testing

@testable import SoftCPU

/// Non-maskable interrupts, and when they are taken.
@Suite("Non-maskable interrupts")
struct NonMaskableTests {
  private static let handler = SystemGuest.Place.handlers + 2 * 16
  private static let iretq: [UInt8] = [0x48, 0xCF]

  @Test("B5 a non-maskable interrupt waits for the instruction after STI and MOV SS", arguments: [[0xFB], [0x8E, 0xD0]] as [[UInt8]])
  func shadow(code: [UInt8]) throws {
    let guest = try SystemGuest(.long)
    guest.core[.rax] = UInt64(SystemGuest.Selector.data)
    try guest.memory.write(code + [0x90, 0x90], at: GuestAddress(SystemGuest.Place.code))
    try guest.core.step()
    guest.interrupt()
    #expect(try guest.processor.attend { nil } == nil)
    #expect(guest.core[.rip] == Self.handler)
    #expect(try guest.load(guest.core[.rsp]) == SystemGuest.Place.code + UInt64(code.count) + 1)
  }

  @Test("two that come together are both taken, one after the other's IRET; of those that come meanwhile, one waits")
  func together() throws {
    let guest = try SystemGuest(.long)
    try guest.memory.write(Self.iretq, at: GuestAddress(Self.handler))
    for _ in 0..<2 { guest.interrupt() }
    for taken in 1...3 {
      #expect(try guest.processor.attend { nil } == nil)
      #expect(guest.core[.rip] == Self.handler)
      if taken == 2 { for _ in 0..<10 { guest.interrupt() } }
      #expect(try guest.processor.attend { nil } == nil)
      #expect(try guest.load(guest.core[.rsp]) == SystemGuest.Place.code, "none is taken within another's handler")
      let state = guest.processor.architecturalState()
      #expect(state.blocksNonMaskable)
      #expect(state.nonMaskablesPending == (taken == 3 ? 0 : 1))
      try guest.core.step()
    }
    #expect(try guest.processor.attend { nil } == nil)
    #expect(guest.core[.rip] == SystemGuest.Place.code)
  }

  @Test("a processor that becomes another one's equal takes over what waits, and what it handles")
  func moved() throws {
    let (old, new) = (try SystemGuest(.long), try SystemGuest(.long))
    for _ in 0..<2 { old.interrupt() }
    #expect(try old.processor.attend { nil } == nil)
    try new.memory.write(Self.iretq, at: GuestAddress(Self.handler))
    for step in [0, 8, 16, 24, 32] as [UInt64] { try new.store(old.load(old.core[.rsp] + step), old.core[.rsp] + step) }
    try new.processor.setArchitecturalState(old.processor.architecturalState())
    for _ in 0..<2 {
      #expect(try new.processor.attend { nil } == nil)
      #expect(new.core[.rip] == Self.handler)
      try new.core.step()
    }
    #expect(try new.processor.attend { nil } == nil)
    #expect(new.core[.rip] == SystemGuest.Place.code)
  }
}

extension SystemGuest {
  fileprivate func interrupt() { processor.environment.interrupts.fabric.send(MSIMessage(address: 0xFEE0_0000, data: 0x400)) }
}
