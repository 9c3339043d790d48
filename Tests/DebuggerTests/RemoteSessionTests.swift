import GuestRAM
import Primitives
import Processor
import Testing

@testable import Debugger

/// What a debugger says and hears.
@Suite struct RemoteSessionTests {
  let target: FakeTarget

  init() throws { target = try FakeTarget() }

  /// The data of the only answer to one packet; empty data for none.
  func ask(_ question: String, _ session: inout RemoteSession) -> String {
    let answer = String(decoding: session.receive(PacketReader.frame(Array(question.utf8))), as: UTF8.self)
    return String(answer.drop { $0 == "+" }.dropFirst().prefix { $0 != "#" })
  }

  @Test func a_packet_with_a_wrong_checksum_is_asked_for_again() {
    var session = RemoteSession(target)
    #expect(session.receive(Array("$?#00".utf8)) == Array("-".utf8))
    #expect(session.receive(Array("+$?#3f".utf8)) == Array("+$T02thread:1;#d4".utf8))
    #expect(session.receive(Array("-".utf8)) == Array("$T02thread:1;#d4".utf8))
  }

  @Test func acknowledgements_end_when_the_debugger_wants_none() {
    var session = RemoteSession(target)
    #expect(ask("QStartNoAckMode", &session) == "OK")
    #expect(session.receive(Array("$?#3f".utf8)).first == UInt8(ascii: "$"))
  }

  @Test func registers_are_read_little_end_first_and_written_one_by_one_or_all() {
    var session = RemoteSession(target)
    target.states[0].registers[0] = 0x1122_3344_5566_7788
    #expect(ask("g", &session).hasPrefix("8877665544332211"))
    #expect(ask("p10", &session) == "f0ff000000000000")
    #expect(ask("P10=0001000000000000", &session) == "OK")
    #expect(target.states[0].rip == 0x100)
    #expect(ask("p18", &session) == String(repeating: "x", count: 20))
    #expect(ask("G0100000000000000", &session) == "OK")
    #expect(target.states[0].registers[0] == 1)
    #expect(target.states[0].rip == 0x100)
  }

  @Test func the_description_lists_as_many_registers_as_there_are_sent() {
    var session = RemoteSession(target)
    var text = ""
    while true {
      let part = ask("qXfer:features:read:target.xml:\(String(text.utf8.count, radix: 16)),200", &session)
      text += part.dropFirst()
      if part.hasPrefix("l") { break }
    }
    #expect(text == RegisterLayout.description)
    let sizes = text.split(separator: "bitsize=\"").dropFirst().compactMap { Int($0.prefix { $0 != "\"" }) }
    #expect(sizes.reduce(0, +) / 4 == ask("g", &session).utf8.count)
    for name in ["rip", "fs_base", "cr3", "efer"] { #expect(text.contains("name=\"\(name)\"")) }
  }

  @Test func memory_goes_through_the_guests_page_tables() throws {
    var session = RemoteSession(target)
    try target.memory.write([0xAA, 0xBB], at: 0x3010)
    #expect(ask("m3010,2", &session) == "aabb")
    // 8000_0000 leads to 3000 by 4-level tables at 1000, 2000, 4000, 5000.
    try target.memory.store(UInt64(0x2003), at: 0x1000)
    try target.memory.store(UInt64(0x4003), at: 0x2010)
    try target.memory.store(UInt64(0x5003), at: 0x4000)
    try target.memory.store(UInt64(0x3003), at: 0x5000)
    target.states[0].cr0 = 0x8000_0001
    target.states[0].cr3 = 0x1000
    target.states[0].cr4 = 0x20
    target.states[0].efer = 0x500
    #expect(ask("m80000010,2", &session) == "aabb")
    #expect(ask("M80000010,1:cc", &session) == "OK")
    #expect(try target.memory.load(UInt8.self, at: 0x3010) == 0xCC)
    #expect(ask("m80000fff,2", &session) == "00")
    #expect(ask("m90000000,2", &session) == "E01")
    #expect(ask("M80000fff,2:0102", &session) == "E01")
  }

  @Test func binary_writes_may_hold_any_byte() throws {
    var session = RemoteSession(target)
    let data: [UInt8] = [0x23, 0x24, 0x7D, 0x2A, 0]
    _ = session.receive(PacketReader.frame(Array("X100,5:".utf8) + PacketReader.escaped(data)))
    #expect(try target.memory.bytes(5, at: 0x100) == data)
  }

  @Test func breakpoints_and_watchpoints_come_and_go() {
    var session = RemoteSession(target)
    #expect(ask("Z0,1000,1", &session) == "OK")
    #expect(ask("Z1,ffffffff81000000,1", &session) == "OK")
    #expect(ask("Z2,2000,8", &session) == "OK")
    #expect(ask("Z4,3000,4", &session) == "OK")
    #expect(target.traps.breakpoints == [0x1000, 0xFFFF_FFFF_8100_0000])
    #expect(
      target.traps.watchpoints == [
        .init(address: 0x2000, count: 8, reads: false, writes: true), .init(address: 0x3000, count: 4, reads: true, writes: true),
      ])
    #expect(ask("Z2,2001,8", &session) == "E01")
    for address in 1...2 { #expect(ask("Z0,\(address),1", &session) == "OK") }
    #expect(ask("Z0,5,1", &session) == "E01")
    #expect(ask("z0,1000,1", &session) == "OK")
    #expect(ask("Z9,5,1", &session) == "")
    #expect(target.traps.breakpoints == [1, 2, 0xFFFF_FFFF_8100_0000])
  }

  @Test func each_processor_is_a_thread() {
    var session = RemoteSession(target)
    #expect(ask("qfThreadInfo", &session) == "m1,2")
    #expect(ask("qsThreadInfo", &session) == "l")
    target.states[1].registers[0] = 7
    #expect(ask("Hg2", &session) == "OK")
    #expect(ask("p0", &session) == "0700000000000000")
    #expect(ask("Hg3", &session) == "E01")
    #expect(ask("T2", &session) == "OK")
    #expect(ask("T0", &session) == "E01")
  }

  @Test func the_guest_goes_on_as_told_and_stops_are_reported() {
    var session = RemoteSession(target)
    #expect(ask("vCont;c", &session) == "")
    #expect(session.receive([3]) == [])
    #expect(ask("vCont;s:2;c", &session) == "")
    #expect(ask("s", &session) == "")
    #expect(target.calls == ["run", "interrupt", "step 1", "step 0"])
    let watch = DebugTraps.Watchpoint(address: 0x20, count: 4, reads: false, writes: true)
    let report = session.stopped(Stop(processor: 1, cause: .trap(.watchpoint(watch))))
    #expect(String(decoding: report, as: UTF8.self).hasPrefix("$T05watch:20;thread:2;#"))
    #expect(ask("?", &session) == "T05watch:20;thread:2;")
    #expect(ask("k", &session) == "")
    #expect(target.calls.last == "kill")
    #expect(ask("D", &session) == "OK")
    #expect(session.isOver)
  }

  @Test("GD-01 no packet, however malformed, traps")
  func malformed() {
    let words = [
      "", "m", "m,", "m1", "mffffffffffffffff,ffffffffffffffff", "m-1,1", "M1,1", "M1,1:1", "M1,2:zz", "M1,1:\u{E9}", "X", "X1,1", "X1,1:}", "G", "Gz",
      "p", "pffff", "p-1", "P", "P1", "P=", "P10=", "P10=1", "Pff=00", "Z", "Z0", "Z0,", "Z0,1", "Z2,1,0", "Z2,1,3", "Zx,1,1", "zz", "H", "Hg", "Hg-2",
      "vCont", "vCont;", "vCont;x", "vCont;s:", "vCont;s:99", "v", "qXfer:features:read:target.xml:", "qXfer:features:read:target.xml:ffffffffffffffff,1",
      "qXfer:features:read:target.xml:0,ffffffffffffffff", "qThreadExtraInfo,", "q", "Q", "T", "?x", "\u{0}", "}}}",
    ]
    var session = RemoteSession(target)
    for word in words { _ = session.receive(PacketReader.frame(Array(word.utf8))) }
    var seed = UInt64(42)
    for _ in 0..<2000 {
      var bytes: [UInt8] = []
      for _ in 0..<16 {
        seed = seed &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        bytes.append(UInt8(truncatingIfNeeded: seed >> 56))
      }
      _ = session.receive(bytes)
      _ = session.receive(PacketReader.frame([Array("gGpPmMXZzHTvqQ".utf8)[Int((seed >> 32) % 14)]] + bytes.filter { $0 != 0x23 && $0 != 0x24 }))
    }
    #expect(ask("qAttached", &session) == "1")
  }

  @Test("GD-02 a packet without end takes no more than its limit")
  func endless() {
    var session = RemoteSession(target)
    #expect(session.receive([UInt8(ascii: "$")] + [UInt8](repeating: 0, count: 1 << 20) + Array("#00".utf8)) == Array("-".utf8))
  }
}
