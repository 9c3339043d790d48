/// What the program's exit status tells, as help and the manual page list it.
enum ExitStatusTable {
  static let rows: [(status: String, meaning: String)] = [
    ("0", "the guest powered off (or reset, with --no-reboot), or you pressed Ctrl-a x"),
    ("N", "the guest wrote v to port 0xF4: (v << 1) | 1"),
    ("2", "mistake on the command line, or a file that cannot be used"),
    ("70", "the host or its KVM let us down"),
    ("124", "--timeout"),
    ("134", "the guest's kernel panicked"),
    ("135", "triple fault"),
    ("136", "every processor halted for good"),
    ("138", "the guest's watchdog timer ran out"),
    ("128+N", "ended by signal N"),
  ]
}
