public import Reports

/// What the user asked for.
public struct Configuration: Sendable {
  public enum Accelerator: String, Sendable, CaseIterable {
    case auto
    case kvm
    case soft
    /// Without code of the host for hot blocks.
    case softInterpreter = "soft,interpreter"
    /// With code of the host that is compared with the interpreter, block by block.
    case softLockstep = "soft,lockstep"

    public var isSoft: Bool { self == .soft || self == .softInterpreter || self == .softLockstep }
  }

  /// Whose I/O APIC and 8259s a machine has with KVM: the kernel's, or ours, where it keeps the local APICs only.
  public enum InterruptChips: String, Sendable, CaseIterable {
    case kernel = "on"
    case split
  }

  /// Where a stream of the guest's bytes goes.
  public enum Stream: Equatable, Sendable {
    case standard
    /// The same without escape sequences.
    case plain
    /// Standard error, without escape sequences.
    case errors
    case file(String)
    case none
  }

  /// A file in fw_cfg, for the guest's firmware or its kernel.
  public struct FirmwareFile: Equatable, Sendable {
    public var name: String
    public var path: String

    public init(name: String, path: String) {
      self.name = name
      self.path = path
    }
  }

  public struct Disk: Equatable, Sendable {
    public var path: String
    public var isReadOnly = false
    /// Changes are thrown away at the end.
    public var isSnapshot = false
    public var id: String?
    public init(path: String) { self.path = path }
  }

  /// Whose code runs at the reset vector.
  public enum Firmware: Equatable, Sendable {
    /// The one that swboot carries.
    case builtin
    case file(String)
  }

  /// What a display shows to a kernel that is started without firmware, and the mode that its monitor asks for.
  public enum Display: Equatable, Sendable {
    case text
    case pixels(width: Int, height: Int)

    public static let standard = Display.pixels(width: 1024, height: 768)
    /// What the display's memory has room for.
    public static let widths = 320...2560
    public static let heights = 200...1600
  }

  /// What happens when the guest can do no more.
  public enum LastResort: String, Sendable, CaseIterable {
    case stop
    case reset
  }

  public var kernel: String?
  public var initrd: String?
  /// For a Multiboot kernel: files, each with its string behind a space.
  public var modules: [String] = []
  public var commandLine = ""
  public var deviceTree: String?
  /// Nil: the VMM loads the kernel itself.
  public var firmware: Firmware?
  /// A file with the flash chip in which the firmware keeps its variables.
  public var firmwareVariables: String?
  /// The machine runs one command on files of the host.
  public var command: CommandRun?
  /// What the guest finds in fw_cfg by these names besides the board's own.
  public var firmwareFiles: [FirmwareFile] = []
  public var disks: [Disk] = []
  public var memory: UInt64 = 512 << 20
  public var processors = 1
  public var accelerator = Accelerator.auto
  /// With KVM: whose I/O APIC and 8259s are. Nil: ours where a trace is to see them, else those that are faster on this host.
  public var interruptChips: InterruptChips?
  public var console = Stream.standard
  public var debugConsole = Stream.none
  /// Nil: the machine has no display.
  public var display: Display?
  /// A file for the picture on the screen, at the end and when the user asks for it.
  public var screenshot: String?
  /// A file with what somebody at the keyboard does.
  public var keys: String?
  /// The device that kvm-unit-tests looks for.
  public var hasTestDevice = false
  public var stopsOnReset = false
  public var tripleFault = LastResort.stop
  public var watchdog = LastResort.stop
  /// Seconds until the run is ended.
  public var timeout: Double?
  /// Seconds after which a guest that does not go on is ended; zero for never. Nil: only if it runs a command.
  public var hang: Double?
  /// Seconds that a guest may take to shut down after somebody has asked for it; zero to ask no guest.
  public var shutdownGrace = 10.0
  /// Seconds that a panicked kernel may go on: enough for its call trace, or to reset itself.
  public var panicGrace = 2.0
  /// The kernel's complaints with which a run that else ended well has failed; nil for those that are serious.
  public var failures: Set<Complaint.Kind>?
  /// A file that is told all about the run at its end.
  public var report: String?
  /// The kernel's ELF file with debug information, for file and line in reports.
  public var debugInformation: String?
  public var trace: Trace?
  /// A file for the functions of the guest's kernel that were seen at work.
  public var profile: String?
  /// A file for what the run did when.
  public var timeline: String?
  /// A file for what the guest's kernel has executed, and how often.
  public var coverage: String?
  /// At its end the run names the guest's functions for `perf`, where they were translated.
  public var namesCodeForPerf = false
  /// Where a debugger may connect: a TCP port of this host, or the path of a socket.
  public var debugger: String?

  /// Makes every run the same: time is counted in instructions, and all that is random follows from this.
  public var seed: UInt64?

  public struct Trace: Equatable, Sendable {
    /// Names of devices, or `all`, `io`, `irq`, `queue`, `cpu`.
    public var events: [String]
    public var file: String?
    public init(events: [String], file: String? = nil) {
      self.events = events
      self.file = file
    }
  }

  public init() {}

  /// Whether somebody wants to know where in its kernel the guest is.
  var looksInside: Bool { trace != nil || profile != nil || timeline != nil }
}
