/// What the program's exit status says of the machine. Each is even, so that no guest gives one by port 0xF4, and more than
/// commands use, so that none is that of a command in the guest.
public enum ExitStatus {
  /// A mistake on the command line, or a file that cannot be used.
  public static let refused: Int32 = 202
  /// The host or its KVM let us down.
  public static let failed: Int32 = 204
  public static let timedOut: Int32 = 224
  public static let tripleFault: Int32 = 232
  public static let panicked: Int32 = 234
  public static let halted: Int32 = 236
  public static let watchdog: Int32 = 238
  /// The guest is gone, and the command that it was to run has not ended.
  public static let commandLost: Int32 = 240
  /// All ended as it should, but the guest's kernel has complained of something in `--fail-on`.
  public static let complained: Int32 = 242
  public static let hung: Int32 = 244
}
