public import Sharing

/// What a machine has that runs one command: folders of the host, and streams between the command and the user.
public struct CommandRun: Sendable {
  /// The guest sees them by their numbers.
  public var shares: [Share]
  /// The initial RAM disk whose first process runs the command.
  public var initialRAMDisk: [UInt8]
  /// Whether the command has a terminal, and the user's is its window.
  public var hasTerminal: Bool
  /// What the kernel may lack, a sentence; nil where it surely has all that is needed.
  public var lack: String?

  public init(shares: [Share], initialRAMDisk: [UInt8], hasTerminal: Bool, lack: String? = nil) {
    self.shares = shares
    self.initialRAMDisk = initialRAMDisk
    self.hasTerminal = hasTerminal
    self.lack = lack
  }

  /// What may have kept a run from its command.
  func note(_ outcome: Outcome, hasBegun: Bool) -> String? { outcome == .commandLost && !hasBegun ? lack : nil }

  /// By this name the RAM disk is known in messages.
  static let diskName = "the initial RAM disk of swboot run"
  /// By this name the guest mounts the shares.
  static let tag = "swboot"
}
