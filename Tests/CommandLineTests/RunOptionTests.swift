import Run
import Sharing
import Testing

@testable import Options

@Suite("The options of swboot run")
struct RunOptionTests {
  @Test("what stands behind -- is the command, whatever it looks like")
  func command() throws {
    let options = try Options(["run", "--kernel", "k", "--rw", "here", "--share", "a=b=/c,ro", "--env", "A=b", "--", "ls", "--kernel", "--"])
    #expect(options.command == .run)
    #expect(options.run.command == ["ls", "--kernel", "--"] && options.run.kernel == "k")
    #expect(options.run.folders.map(\.share.path) == ["here", "a=b"] && options.run.folders.map(\.place) == [nil, "/c"])
    #expect(options.run.folders.map(\.share.isReadOnly) == [false, true])
    #expect(try Options(["run"]).run.command.isEmpty)
  }

  @Test(
    "CF-01 what makes no sense with a command, or only with one, is refused with what to do instead",
    arguments: [
      ["run", "ls"], ["run", "--initrd", "x"], ["run", "--firmware", "x"], ["run", "--console", "none"], ["--rw", "x", "--kernel", "k"],
      ["run", "--share", "x"], ["run", "--share", "x=y"], ["run", "--share", "=/y"], ["run", "--env", "=x"], ["run", "--rw", ""], ["run", "--deterministic"],
      ["--kernel", "k", "--", "ls"],
    ])
  func refusals(_ arguments: [String]) {
    let error = #expect(throws: UsageError.self) { try Options(arguments) }
    #expect(error?.message.hasSuffix(".") == true)
  }
}
