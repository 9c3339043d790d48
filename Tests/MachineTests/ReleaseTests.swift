import Glibc
import Machine
import TestSupport
import Testing

/// Whoever lets go of a machine gets back all that it had of the host.
@Suite struct ReleaseTests {
  /// What the host counts for this process.
  private struct Holdings {
    let threads = Self.entryCount("/proc/self/task")
    let descriptors = Self.entryCount("/proc/self/fd")
    let mappings = TemporaryFile.contents(of: "/proc/self/maps").count { $0 == UInt8(ascii: "\n") }

    private static func entryCount(_ path: String) -> Int {
      guard let folder = unsafe opendir(path) else { return 0 }
      defer { unsafe closedir(folder) }
      var count = 0
      while unsafe readdir(folder) != nil { count += 1 }
      return count
    }
  }

  /// A machine with one of everything, from its first instruction until its power is off.
  private static func run(on accelerator: Configuration.Accelerator, deterministic: Bool = false) throws {
    var guest = SmallGuest("power_off", on: accelerator)
    let (disk, debugConsole, trace) = (TemporaryFile([UInt8](repeating: 0, count: 4096)), TemporaryFile([]), TemporaryFile([]))
    guest.configuration.disks = [.init(path: disk.path)]
    guest.configuration.disks[0].isSnapshot = true
    guest.configuration.debugConsole = .file(debugConsole.path)
    guest.configuration.trace = .init(events: ["all"], file: trace.path)
    guest.configuration.display = .text
    if deterministic { guest.configuration.seed = 1 } else { guest.configuration.processors = 2 }
    try #require(guest.run() == .poweredOff)
    // One that is let go before it runs.
    guest.configuration.debugger = "0"
    _ = try Machine(guest.configuration)
  }

  /// The first machines leave what the process keeps for good, such as code for vectors.
  private static func runMany(on accelerator: Configuration.Accelerator, deterministic: Bool = false) throws {
    for _ in 0..<20 { try run(on: accelerator, deterministic: deterministic) }
    let before = Holdings()
    for _ in 0..<100 { try run(on: accelerator, deterministic: deterministic) }
    let after = Holdings()
    // One that each machine leaves would make a hundred. A thread may be counted a moment longer than it runs, and the C
    // library keeps some stacks and heaps.
    #expect(after.threads < before.threads + 50)
    #expect(after.descriptors == before.descriptors)
    #expect(after.mappings < before.mappings + 50)
  }

  @Test("RS-04 a hundred machines with the software CPU leave no thread, descriptor or mapping behind")
  func soft() async {
    await #expect(processExitsWith: .success) { try ReleaseTests.runMany(on: .soft) }
  }

  @Test("RS-04 a hundred machines whose time is counted leave no thread, descriptor or mapping behind")
  func counted() async {
    await #expect(processExitsWith: .success) { try ReleaseTests.runMany(on: .soft, deterministic: true) }
  }

  @Test("RS-04 a hundred machines with KVM leave no thread, descriptor or mapping behind", .enabled(if: SmallGuest.accelerators.contains(.kvm), "needs /dev/kvm"))
  func kvm() async {
    await #expect(processExitsWith: .success) { try ReleaseTests.runMany(on: .kvm) }
  }
}
