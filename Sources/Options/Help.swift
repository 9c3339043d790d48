/// What swboot says of itself.
public enum Help {
  static let summary = "swboot boots an unmodified kernel, disk or firmware in a virtual machine."

  /// Every way to call swboot, and what it does.
  static let uses: [(call: String, meaning: [String])] = [
    (
      "swboot run [--kernel FILE] [option...] -- COMMAND [ARG...]",
      [
        "runs a command on that kernel, with this host's files,", "and ends with its status; without a command, a shell",
      ]
    ),
    (
      "swboot test [--kernel FILE...] [option...] TEST...",
      [
        "runs each program or script in a machine of its own, on", "every kernel; the options of run are those of each machine",
      ]
    ),
    ("swboot report FILE...", ["makes one report of several"]),
    ("swboot --kernel FILE [--initrd FILE] [--append TEXT] [--disk FILE] [option...]", []),
    ("swboot --disk FILE [option...]", []),
    ("swboot --firmware FILE [option...]", []),
    ("swboot doctor", ["what this host can do, and which accelerator", "swboot would take"]),
    (
      "swboot machine [option...]",
      ["the map of the machine that the guest sees; with", "--dtb FILE (- for standard output) as a device tree"]
    ),
    ("swboot manual", ["this as a manual page (swboot manual | man -l -)"]),
    ("swboot completion SHELL", ["completion for bash, zsh or fish, to be sourced"]),
  ]

  static let notes = [
    "On a terminal, Ctrl-a x ends the run and Ctrl-a Ctrl-a sends Ctrl-a.",
    "Of an option given twice the last counts; every --disk and --fw-cfg counts.",
    "QEMU's -kernel -initrd -append -dtb -bios -m -smp -accel -drive -fw_cfg -serial -snapshot",
    "-nographic -no-reboot are understood too, and whatever asks for what this machine is anyway",
    "(-M q35).",
  ]

  public static let text = lines.joined(separator: "\n")

  private static var lines: [String] {
    var lines = [summary, ""]
    for (index, use) in uses.enumerated() {
      lines += entry((index == 0 ? "usage: " : "       ") + use.call, use.meaning, column: 36)
    }
    for topic in Option.Topic.allCases {
      lines += ["", "  \(topic.rawValue)"]
      for option in OptionTable.all where option.topic == topic { lines += entry("    \(option.usage)", option.help, column: 25) }
    }
    lines += [""] + notes.map { "  \($0)" }
    lines += ["", "  exit status"]
    for row in ExitStatusTable.rows { lines += entry("    \(row.status)", [row.meaning], column: 11) }
    return lines
  }

  /// A name with its meaning beside it, from a column on; below it where the name is too long.
  private static func entry(_ name: String, _ meaning: [String], column: Int) -> [String] {
    let indent = String(repeating: " ", count: column)
    guard let first = meaning.first else { return [name] }
    guard name.count < column else { return [name] + meaning.map { indent + $0 } }
    return [name + indent.dropFirst(name.count) + first] + meaning.dropFirst().map { indent + $0 }
  }
}
