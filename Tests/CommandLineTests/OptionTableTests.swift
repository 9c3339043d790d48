import Glibc
import TestSupport
import Testing

@testable import Options

/// One table makes the parser, the help, the manual page and the completion: none of them may forget a row.
@Suite struct OptionTableTests {
  @Test("each option stands once in the table, and help, manual page and every completion know it")
  func everywhere() {
    #expect(Set(OptionTable.all.map(\.name)).count == OptionTable.all.count)
    let manual = ManualPage.text(version: "1")
    for option in OptionTable.all {
      let name = option.name.dropFirst(2)
      #expect(Help.text.contains("    \(option.usage)"))
      #expect(manual.contains("\\-\\-\(name.split(separator: "-").joined(separator: "\\-"))"))
      #expect(Completion.bash.contains(" --\(name)") && Completion.fish.contains("-l \(name) "))
    }
  }

  @Test("each option takes effect, with a value of its kind")
  func effects() throws {
    let values = [
      "--fw-cfg": "opt/a=f", "--memory": "1G", "--cpus": "2", "--accel": "soft", "--kernel-irqchip": "split", "--console": "none", "--debugcon": "stdio",
      "--triple-fault": "reset", "--watchdog": "reset", "--timeout": "1s", "--shutdown-grace": "0", "--hang": "1s",
      "--share": "folder=/place", "--fail-on": "warning", "--jobs": "2", "--repeat": "2", "--shard": "1/2", "--timeline": "t.svg",
    ]
    for option in OptionTable.all {
      var options = try Options(["--help"])
      options.command = .boot
      switch option.value {
      case .none: try option.effect(&options, nil)
      case .required: try option.effect(&options, values[option.name] ?? "text")
      case .optional: try option.effect(&options, nil)
      }
      let none = try Options(["doctor"])
      let changed = "\(options.configuration)" != "\(none.configuration)" || options.run != none.run || options.test != none.test || options.command != .boot
      #expect(changed, "\(option.name) changes nothing")
    }
  }

  @Test("help fits a terminal of 100 columns")
  func width() {
    for line in Help.text.split(separator: "\n") { #expect(line.count <= 100, "\(line)") }
  }

  @Test(
    "bash completes options, and the words that an option takes",
    arguments: [
      ("--kernel-", "--kernel-irqchip"), ("mach", "machine"), ("--accel k", "kvm"), ("completion z", "zsh"),
    ])
  func bash(typed: String, expected: String) {
    let words = (["swboot"] + typed.split(separator: " ").map(String.init))
    let script = """
      \(Shell.bash.completion)
      COMP_WORDS=(\(words.joined(separator: " "))); COMP_CWORD=\(words.count - 1); _swboot; echo "${COMPREPLY[*]}"
      """
    #expect(ChildProcess.run("/bin/bash", ["-c", script]).output == expected + "\n")
  }

  @Test("the shell to complete for is one of three")
  func shells() throws {
    #expect(try Options(["completion", "fish"]).command == .completion(.fish))
    #expect(throws: UsageError(message: "completion csh: choose one of bash, zsh, fish.")) { try Options(["completion", "csh"]) }
    #expect(throws: UsageError(message: "completion : choose one of bash, zsh, fish.")) { try Options(["completion"]) }
  }
}
