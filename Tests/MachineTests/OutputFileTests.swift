import Machine
import TestSupport
import Testing

/// Where a run writes from its start, and what it must not write over.
@Suite struct OutputFileTests {
  private let image = TemporaryFile([UInt8](repeating: 7, count: 512))

  private func refusal(_ change: (inout Configuration) -> Void) -> String? {
    var configuration = SmallGuest("power_off", on: .soft).configuration
    change(&configuration)
    do { _ = try Machine(configuration) } catch { return error.message }
    return nil
  }

  @Test("A11 a console, a trace or a picture over a kernel, a disk or each other is refused, by whatever path")
  func otherUses() {
    let link = image.path + ".link"
    #expect(ChildProcess.run("/bin/ln", [image.path, link]).status == 0)
    defer { _ = ChildProcess.run("/bin/rm", [link]) }
    let refusals = [
      refusal { ($0.kernel, $0.console) = (image.path, .file(image.path)) },
      refusal { ($0.disks, $0.debugConsole) = ([.init(path: link)], .file(image.path)) },
      refusal { ($0.initrd, $0.kernel, $0.trace) = (image.path, "/vmlinuz", .init(events: [], file: link)) },
      refusal { ($0.console, $0.screenshot, $0.display) = (.file(image.path), image.path, .standard) },
      refusal { ($0.console, $0.debugConsole) = (.file(image.path), .file(link)) },
    ]
    for text in refusals { #expect(text?.contains("that is the file of --") == true, "\(text ?? "not refused")") }
    #expect(image.bytes == [UInt8](repeating: 7, count: 512))
  }

  @Test("streams may share one file, in whole lines")
  func shared() throws {
    let log = TemporaryFile()
    var guest = SmallGuest("hello_console", on: .soft)
    guest.configuration.console = .file(log.path)
    guest.configuration.debugConsole = .file(log.path)
    guest.configuration.trace = .init(events: ["power-management"], file: log.path)
    #expect(try guest.run() == .poweredOff)
    let lines = log.text.split(whereSeparator: \.isNewline)
    #expect(lines.contains("hello") && lines.contains { $0.hasSuffix("power management: write word +0x4 0x2001") }, "\(log.text)")
  }
}
