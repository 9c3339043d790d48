import KVMBackend
import Machine
import TestSupport

/// A whole machine around a guest of a few instructions from Tests/GuestPrograms.
struct SmallGuest {
  static let isPossible = (try? KVM()) != nil

  var configuration = Configuration()
  private let image: TemporaryFile
  private let consoleFile = TemporaryFile([])

  /// A program that starts at the reset vector, in 1 MiB of RAM.
  init(_ name: String) {
    self.init(image: firmware(program(name)))
    configuration.firmware = .file(image.path)
    configuration.memory = 1 << 20
  }

  /// A program that starts as a kernel, in 64-bit mode.
  init(kernel name: String) {
    self.init(image: SmallLinux.make(code: program(name)))
    configuration.kernel = image.path
    configuration.memory = 32 << 20
  }

  private init(image bytes: [UInt8]) {
    image = TemporaryFile(bytes)
    configuration.console = .file(consoleFile.path)
    configuration.accelerator = .kvm
    // A guest that does not end by itself fails its test by this.
    configuration.timeout = 10
    configuration.panicGrace = 0.05
  }

  func run() throws -> Outcome { try Machine(configuration).run() }

  /// What the guest's serial port has said.
  var console: String { consoleFile.text }
}
