/// Which kernel to start, and what it gets.
public struct LoadRequest: Sendable {
  public var kernel: String
  public var initrd: String?
  /// For a Multiboot kernel: files, each with its string behind a space.
  public var modules: [String]
  public var commandLine: String
  /// A flattened device tree for the kernel.
  public var deviceTree: String?
  /// Where the machine put the ACPI root pointer; zero if it has none.
  public var rootPointer: UInt64
  /// Seeds the kernel's random numbers; empty for none.
  public var randomSeed: [UInt8]
  /// Chooses the virtual address of a kernel that lets itself be moved; nil leaves it where it was linked.
  public var baseSeed: UInt64?
  /// What the display shows; nil if there is none.
  public var screen: ScreenInformation?

  public init(
    kernel: String, initrd: String? = nil, modules: [String] = [], commandLine: String = "", deviceTree: String? = nil,
    rootPointer: UInt64 = 0, randomSeed: [UInt8] = [], baseSeed: UInt64? = nil,
    screen: ScreenInformation? = nil
  ) {
    self.kernel = kernel
    self.initrd = initrd
    self.modules = modules
    self.commandLine = commandLine
    self.deviceTree = deviceTree
    self.rootPointer = rootPointer
    self.randomSeed = randomSeed
    self.baseSeed = baseSeed
    self.screen = screen
  }
}
