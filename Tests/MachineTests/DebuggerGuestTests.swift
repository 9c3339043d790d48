import Glibc
import Host
import Machine
import TestSupport
import Testing

private enum GDB {
  static let path = "/usr/bin/gdb"
  static let isPossible = (try? HostFile(path: path)) != nil
}

/// A real GDB looks into a guest of a few instructions.
@Suite(.serialized, .enabled(if: GDB.isPossible, "gdb is not installed"))
struct DebuggerGuestTests {
  /// From 0x1000200 on: eax = 5; eax += 2; store it at 0x1800000; load it; end the run with it.
  static let code: [UInt8] = [
    0xB8, 5, 0, 0, 0, 0x83, 0xC0, 2, 0x89, 0x04, 0x25, 0, 0, 0x80, 1, 0x8B, 0x04, 0x25, 0, 0, 0x80, 1, 0xE6, 0xF4, 0xF4, 0xEB, 0xFD,
  ]

  /// What GDB printed, and how the guest ended.
  func debug(_ accelerator: Configuration.Accelerator, processors: Int = 1, _ commands: [String]) throws -> (String, Outcome?) {
    let image = TemporaryFile(SmallLinux.make(code: Self.code))
    let place = TemporaryFile()
    let socket = place.path + ".gdb"
    var configuration = Configuration()
    configuration.kernel = image.path
    configuration.memory = 32 << 20
    configuration.processors = processors
    configuration.console = .none
    configuration.accelerator = accelerator
    configuration.timeout = 60
    configuration.debugger = socket
    let machine = try Machine(configuration)
    let outcome = Monitor<Outcome?>(nil)
    let thread = try HostThread(name: "guest") {
      let end = machine.run().outcome
      outcome.update { $0 = end }
    }
    let lines = ["set pagination off", "set confirm off", "target remote \(socket)"] + commands
    let end = ChildProcess.run(GDB.path, ["-nx", "-batch"] + lines.flatMap { ["-ex", $0] })
    machine.control.end(.quit)
    thread.join()
    _ = unsafe unlink(socket)
    return (end.output + end.errors, outcome.update { $0 })
  }

  @Test("the guest waits for the debugger, stops at a breakpoint, steps, and goes on to its end", arguments: SmallGuest.accelerators)
  func breakpoint(_ accelerator: Configuration.Accelerator) throws {
    let (text, outcome) = try debug(
      accelerator,
      [
        "print/x $rip", "print/x $cr4", "break *0x1000205", "continue", "print $eax", "stepi", "print $eax", "print/x $rip",
        "x/1xw 0x1800000", "set var *(int*)0x1800000 = 9", "x/1xw 0x1800000", "set $rip = 0x100020f", "delete", "continue",
      ])
    for line in ["$1 = 0x1000200", "$2 = 0x20", "Breakpoint 1, 0x0000000001000205", "$3 = 5", "$4 = 7", "$5 = 0x1000208", "0x00000009"] {
      #expect(text.contains(line), "\(text)")
    }
    #expect(outcome == .exited(code: 19))
  }

  @Test("a watched place stops the guest after the instruction that wrote there")
  func watchpoint() throws {
    let (text, outcome) = try debug(.soft, ["watch *(int*)0x1800000", "continue", "print/x $rip", "delete", "continue"])
    #expect(text.contains("Hardware watchpoint 1"), "\(text)")
    #expect(text.contains("New value = 7"), "\(text)")
    #expect(text.contains("$1 = 0x100020f"), "\(text)")
    #expect(outcome == .exited(code: 15))
  }

  @Test("a triple fault stops the guest where the debugger can look at it")
  func tripleFault() throws {
    let (text, outcome) = try debug(.soft, ["set $rip = 0x7000000000", "continue", "print/x $rip", "kill"])
    #expect(text.contains("SIGSEGV"), "\(text)")
    #expect(text.contains("$1 = 0x7000000000"), "\(text)")
    #expect(outcome == .quit)
  }

  @Test("each processor is a thread, and a debugger that leaves lets the guest go on")
  func threads() throws {
    let (text, _) = try debug(.soft, processors: 2, ["info threads", "break *0x1000208", "continue", "thread 2", "print/x $rip", "detach"])
    #expect(text.contains("Thread 2 (processor 1)"), "\(text)")
  }

  @Test("GD-03 a place where nobody can connect is refused in a sentence")
  func badPlace() {
    var configuration = Configuration()
    configuration.kernel = "/nowhere"
    configuration.debugger = "/nowhere/socket"
    #expect(throws: MachineError.self) { try Machine(configuration) }
  }
}
