internal import Machine

/// What the program's exit status tells, as help and the manual page list it.
enum ExitStatusTable {
  static let rows: [(status: String, meaning: String)] = [
    ("0", "the guest powered off (or reset, with --no-reboot), or you pressed Ctrl-a x"),
    ("N", "swboot run: the command's; 128 + N for signal N, 127: no such command, 126: it cannot run"),
    ("0, 1, 125", "swboot test: none failed; some failed; none failed, and some cannot be judged"),
    ("N", "the guest wrote v to port 0xF4: (v << 1) | 1"),
    ("\(ExitStatus.refused)", "mistake on the command line, or a file that cannot be used"),
    ("\(ExitStatus.failed)", "the host or its KVM let us down"),
    ("\(ExitStatus.timedOut)", "--timeout"),
    ("\(ExitStatus.tripleFault)", "triple fault"),
    ("\(ExitStatus.panicked)", "the guest's kernel panicked"),
    ("\(ExitStatus.halted)", "every processor halted for good"),
    ("\(ExitStatus.watchdog)", "the guest's watchdog timer ran out"),
    ("\(ExitStatus.commandLost)", "swboot run: the guest powered off or reset itself before the command ended"),
    ("\(ExitStatus.complained)", "the guest's kernel complained of something in --fail-on"),
    ("\(ExitStatus.hung)", "--hang: a processor spun or waited for ever, and nothing else happened"),
    ("128+N", "ended by signal N"),
  ]
}
