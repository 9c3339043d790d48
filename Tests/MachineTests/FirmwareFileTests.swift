import Machine
import TestSupport
import Testing

/// Files that the user gives the guest through fw_cfg.
@Suite struct FirmwareFileTests {
  @Test("a file of the user's is in fw_cfg, also without firmware", arguments: SmallGuest.accelerators)
  func file(accelerator: Configuration.Accelerator) throws {
    let file = TemporaryFile(Array("hello".utf8))
    var guest = SmallGuest(kernel: "first_file", on: accelerator)
    guest.configuration.firmwareFiles = [.init(name: "opt/greeting", path: file.path)]
    #expect(try guest.run() == .exited(code: 3))
    #expect(guest.console == "hello")
  }

  @Test("a file that is not there, and a name given twice, are refused in a sentence")
  func refusals() {
    func message(_ files: [Configuration.FirmwareFile]) -> String {
      var guest = SmallGuest(kernel: "first_file", on: .soft)
      guest.configuration.firmwareFiles = files
      do { _ = try guest.run() } catch { return "\(error)" }
      return "no error"
    }
    #expect(message([.init(name: "opt/a", path: "/nowhere/b")]).contains("/nowhere/b: no such file"))
    let file = TemporaryFile([1])
    let twice = message([.init(name: "opt/a", path: file.path), .init(name: "opt/a", path: file.path)])
    #expect(twice.contains("opt/a"), "\(twice)")
  }
}
