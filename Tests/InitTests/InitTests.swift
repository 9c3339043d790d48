@testable import InitCore
import Testing

@Suite("The first process of swboot run")
struct InitTests {
  private func plan(_ words: String...) -> Plan { Plan(words.flatMap { Array($0.utf8) + [0] }) }

  @Test("a plan is words and values, and strange ones do nothing")
  func plan() {
    let plan = plan(
      "module", "/modules/a.ko", "share", "1 /a b", "argument", "ls", "argument", "", "variable", "PATH=/x::/y", "user", "1000", "group", "7",
      "strange", "word", "user", "x", "terminal", "")
    #expect(plan.modules == ["/modules/a.ko"])
    #expect(plan.shares == [Plan.Share(number: "1", place: "/a b")])
    #expect(plan.arguments == ["ls", ""] && plan.searchPath == ["/x", "/y"])
    #expect(plan.user == 0 && plan.groups == [7] && plan.hasTerminal)
    for bytes in [[], [0], [0, 0], Array("module".utf8), Array("module\0".utf8), Array("share\0\0".utf8)] as [[UInt8]] { _ = Plan(bytes) }
  }

  @Test("numbers are written and read in decimal")
  func numbers() {
    for number in [0, 7, 10, 4096, 1_000_000] {
      #expect(Text(number).words == "\(number)" && Text(number).number == number)
    }
    #expect(Text(-3).words == "-3")
    for text in ["", "x", "1x", "99999999999"] as [Text] { #expect(text.number == nil) }
  }

  @Test("bytes go from source to target, and whoever is slow makes the other wait")
  func channel() {
    let system = FakeSystem()
    system.state.content[5] = [Array("hello".utf8), []]
    system.state.room[6] = 2
    var channel = Channel(from: 5, to: 6)
    #expect(channel.wait?.file == 5)
    channel.move(Wait.readable, system)
    // Three bytes are left, and nothing more is read before they are gone.
    #expect(channel.wait?.file == 6 && channel.wait?.events == Wait.writable)
    channel.move(Wait.writable, system)
    channel.move(Wait.writable, system)
    #expect(channel.wait?.file == 5)
    channel.move(Wait.readable, system)
    #expect(channel.isDone)
    #expect(system.state.written[6] == Array("hello".utf8))
    #expect(system.state.calls == ["close 5", "close 6"])
  }

  @Test("where nobody takes anything any more, whoever sends hears of it")
  func gone() {
    let system = FakeSystem()
    system.state.content[5] = [[1, 2]]
    system.state.room[6] = 0
    var channel = Channel(from: 5, to: 6)
    channel.move(Wait.readable, system)
    channel.move(Wait.gone, system)
    #expect(channel.isDone)
    #expect(system.state.calls.contains("close 5"))
  }

  @Test("of a source that never ends, what was there at the end of the command is taken, and no more")
  func finish() {
    let system = FakeSystem()
    system.state.content[5] = [[1, 2, 3, 4, 5]]
    var channel = Channel(from: 5, to: 6)
    // The source says that it has three bytes.
    channel.finish(system)
    #expect(!channel.isDone)
    channel.move(Wait.readable, system)
    #expect(channel.isDone)
    #expect(system.state.written[6] == [1, 2, 3])
  }
}
