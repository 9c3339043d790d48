public import Host

/// Which kernel to start, and what it gets.
public struct LoadRequest: Sendable {
  public var kernel: String
  public var initrd: String?
  /// For a Multiboot kernel: files, each with its string behind a space.
  public var modules: [String]
  public var commandLine: String
  /// Where the files come from.
  public var files: OpenedFiles
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
    files: OpenedFiles = OpenedFiles(), rootPointer: UInt64 = 0, randomSeed: [UInt8] = [], baseSeed: UInt64? = nil,
    screen: ScreenInformation? = nil
  ) {
    self.kernel = kernel
    self.initrd = initrd
    self.modules = modules
    self.commandLine = commandLine
    self.deviceTree = deviceTree
    self.files = files
    self.rootPointer = rootPointer
    self.randomSeed = randomSeed
    self.baseSeed = baseSeed
    self.screen = screen
  }

  func source(_ path: String) throws(LoadError) -> Source {
    do throws(FileError) { return Source(try files.file(path)) } catch { throw .file(error) }
  }

  /// A Multiboot kernel's files with their strings: modules first, then the initial RAM disk, in which a comma begins another
  /// module and two commas stand for one.
  var moduleStrings: [String] {
    guard let initrd else { return modules }
    var list = modules
    var module = ""
    var rest = initrd[...]
    while let character = rest.popFirst() {
      if character == ",", rest.first != "," {
        list.append(module)
        module = ""
      } else {
        if character == "," { rest.removeFirst() }
        module.append(character)
      }
    }
    return list + [module]
  }

  /// Opens every file that the request names, so that none is opened later.
  ///
  /// - Parameter isMultiboot: the kernel takes modules.
  public func openFiles(isMultiboot: Bool) throws(FileError) {
    let others = isMultiboot ? moduleStrings.map { String($0.prefix { $0 != " " }) } : [initrd].compactMap { $0 }
    for path in [kernel] + others + [deviceTree].compactMap({ $0 }) { _ = try files.file(path) }
  }
}
