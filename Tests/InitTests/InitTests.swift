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
    system.state.waiting = 3
    var channel = Channel(from: 5, to: 6)
    channel.finish(system)
    #expect(!channel.isDone)
    channel.move(Wait.readable, system)
    #expect(channel.isDone)
    #expect(system.state.written[6] == [1, 2, 3])
  }

  @Test("what it cannot do it says on the console, by the name of the kernel's option, and the machine is off")
  func problem() {
    let system = FakeSystem()
    system.state.results["mount dev /dev"] = -19
    var first = Init(system, plan("argument", "ls"))
    first.run()
    let said = system.state.written[1].map { String(decoding: $0, as: UTF8.self) }
    #expect(said == "swboot: the guest could not mount /dev (CONFIG_DEVTMPFS): error 19\n")
    #expect(system.state.calls == ["folder /dev", "mount dev /dev", "power off"])
  }

  @Test("the kernel's file systems are there before the root is, where Linux would find a modprobe to call for one of them")
  func root() {
    let system = FakeSystem()
    system.state.results["root ."] = -1
    var first = Init(system, plan("argument", "ls"))
    first.run()
    #expect(system.state.calls.contains("mount bpf /new/sys/fs/bpf") && system.state.calls.last == "root .")
  }

  @Test("modules are loaded in the order of the plan, and the first that cannot be is told of")
  func modules() {
    let system = FakeSystem()
    system.state.results = ["open /modules/b.ko": 7, "module 7": -8]
    var first = Init(system, plan("module", "/modules/a.ko", "module", "/modules/b.ko", "module", "/modules/c.ko"))
    first.run()
    #expect(system.state.calls.filter { $0.hasPrefix("open") } == ["open /modules/a.ko", "open /modules/b.ko"])
    #expect(system.state.written[1].map { String(decoding: $0, as: UTF8.self) }?.contains("load /modules/b.ko: error 8") == true)
  }

  @Test("that the command starts is told to the host, and how it ended, as a shell would have it, behind what it wrote", arguments: [(7 << 8, "start\nexit 7\n"), (9, "start\nexit 137\n")])
  func end(_ status: Int, _ line: String) {
    let system = FakeSystem()
    system.state.results = ["open /dev/vport0p3": 20, "open /dev/vport0p1": 21, "open /dev/vport0p2": 22]
    system.state.child = (42, status)
    // Both pipes have the same number here.
    system.state.content[10] = [Array("out".utf8), Array("err".utf8)]
    var first = Init(system, plan("argument", "ls"))
    first.run()
    #expect(system.state.written[20].map { String(decoding: $0, as: UTF8.self) } == line)
    #expect(system.state.written[21] == Array("out".utf8) && system.state.written[22] == Array("err".utf8))
  }
}
