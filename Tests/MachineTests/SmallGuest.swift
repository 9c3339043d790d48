import GuestPrograms
import Host
import KVMBackend
import Machine

/// A whole machine around a guest of a few instructions from Tests/GuestPrograms.
struct SmallGuest {
  static let isPossible = (try? KVM()) != nil

  var configuration = Configuration()
  private let image: TemporaryFile
  private let consoleFile = TemporaryFile([])

  init(_ name: String) {
    image = TemporaryFile(Self.firmware(name))
    configuration.firmware = .file(image.path)
    configuration.memory = 1 << 20
    configuration.console = .file(consoleFile.path)
    configuration.accelerator = .kvm
    // A guest that does not end by itself fails its test by this.
    configuration.timeout = 10
    configuration.panicGrace = 0.05
  }

  func run() throws -> Outcome { try Machine(configuration).run() }

  /// What the guest's serial port has said.
  func console() throws -> String {
    String(decoding: try HostFile(path: consoleFile.path).contents(limit: 1 << 16), as: UTF8.self)
  }

  /// The program at the start of a 64 KiB segment, and a near jump to it at the reset vector.
  private static func firmware(_ name: String) -> [UInt8] {
    var size = 0
    guard let start = unsafe guest_program(name, &size) else { preconditionFailure("there is no guest program \(name)") }
    var bytes = unsafe Array(UnsafeBufferPointer(start: start, count: size))
    bytes += [UInt8](repeating: 0xCC, count: 0x1_0000 - size)
    bytes.replaceSubrange(0xFFF0..<0xFFF3, with: [0xE9, 0x0D, 0x00])
    return bytes
  }
}
