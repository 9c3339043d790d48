public import Sharing

/// What `swboot run` is asked for.
public struct RunRequest: Equatable, Sendable {
  /// A folder of the host at a place in the guest.
  public struct Folder: Equatable, Sendable {
    public var share: Share
    /// Nil for where it is on the host.
    public var place: String?

    public init(_ share: Share, at place: String? = nil) {
      self.share = share
      self.place = place
    }
  }

  /// The command and its arguments; none for a shell.
  public var command: [String] = []
  /// A kernel, or a folder with one; nil for the host's own.
  public var kernel: String?
  /// Where the kernel's modules are; nil to look for them.
  public var modules: String?
  /// The guest's root; nil for the host's.
  public var root: String?
  public var folders: [Folder] = []
  /// `NAME`, as the caller has it, or `NAME=VALUE`.
  public var variables: [String] = []
  /// What the kernel says is shown.
  public var isVerbose = false

  public init() {}
}
