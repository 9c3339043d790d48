import KVMBackend
import Machine
import TestSupport

/// A whole machine around a guest of a few instructions from Tests/GuestPrograms.
struct SmallGuest {
  /// The ways to execute it that this host has.
  static let accelerators: [Configuration.Accelerator] = (try? KVM()) != nil ? [.kvm, .soft] : [.soft]

  var configuration = Configuration()
  private let image: TemporaryFile
  private let consoleFile = TemporaryFile([])

  /// A program that starts at the reset vector, in 1 MiB of RAM.
  init(_ name: String, on accelerator: Configuration.Accelerator) {
    self.init(image: firmware(program(name)), on: accelerator)
    configuration.firmware = .file(image.path)
    configuration.memory = 1 << 20
  }

  /// A program that starts as a kernel, in 64-bit mode.
  init(kernel name: String, on accelerator: Configuration.Accelerator) {
    self.init(image: SmallLinux.make(code: program(name)), on: accelerator)
    configuration.kernel = image.path
    configuration.memory = 32 << 20
  }

  /// Instructions that are a kernel, in 64-bit mode.
  init(code: [UInt8], on accelerator: Configuration.Accelerator) {
    self.init(image: SmallLinux.make(code: code), on: accelerator)
    configuration.kernel = image.path
    configuration.memory = 32 << 20
  }

  private init(image bytes: [UInt8], on accelerator: Configuration.Accelerator) {
    image = TemporaryFile(bytes)
    configuration.console = .file(consoleFile.path)
    configuration.accelerator = accelerator
    // A guest that does not end by itself fails its test by this.
    configuration.timeout = 10
    configuration.panicGrace = 0.05
  }

  /// - Parameter prepare: what happens when the machine is made and has not begun.
  func run(_ prepare: () -> Void = {}) throws -> Outcome { try report(prepare).outcome }

  func report(_ prepare: () -> Void = {}) throws -> RunReport {
    let machine = try Machine(configuration)
    prepare()
    return machine.run()
  }

  /// What the guest's serial port has said.
  var console: String { consoleFile.text }
}
