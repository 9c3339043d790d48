import Machine
import TestSupport

/// A whole machine that starts with our own firmware, and what the firmware finds there.
struct FirmwareGuest {
  var configuration = Configuration()
  private var files: [TemporaryFile] = []
  private let consoleFile = TemporaryFile([])

  init(on accelerator: Configuration.Accelerator) {
    configuration.firmware = .builtin
    configuration.memory = 1 << 20
    configuration.console = .file(consoleFile.path)
    configuration.accelerator = accelerator
    // A guest that does not end by itself fails its test by this.
    configuration.timeout = 30
  }

  /// A bzImage of 32-bit code that lies at 1 MiB.
  mutating func setKernel(_ code: [UInt8]) {
    var image = [UInt8](repeating: 0, count: 1024)
    func put(_ bytes: [UInt8], _ offset: Int) { image.replaceSubrange(offset..<offset + bytes.count, with: bytes) }
    put([1], 0x1F1)
    put([0x55, 0xAA, 0xEB, 0x6A] + "HdrS".utf8 + [0x0F, 0x02], 0x1FE)
    put([1], 0x211)
    put([0xFF, 0xFF, 0xFF, 0x7F, 0x00, 0x10, 0x00, 0x00, 0x00], 0x22C)
    put([0xFF], 0x238)
    put([0x00, 0x00, 0x10], 0x258)
    put([0x00, 0x10], 0x260)
    configuration.kernel = add(image + code)
  }

  /// A disk whose first sector is a program of Tests/GuestPrograms, or nothing, and whose sector 3 is a text.
  mutating func addDisk(_ name: String?) {
    var image = name.map(program) ?? []
    image += [UInt8](repeating: 0, count: 64 * 512 - image.count)
    if name != nil { image.replaceSubrange(510..<512, with: [0x55, 0xAA]) }
    let text = Array("sector three\r\n".utf8)
    image.replaceSubrange(1536..<1536 + text.count, with: text)
    configuration.disks.append(Configuration.Disk(path: add(image)))
  }

  private mutating func add(_ bytes: [UInt8]) -> String {
    let file = TemporaryFile(bytes)
    files.append(file)
    return file.path
  }

  func run() throws -> Outcome { try Machine(configuration).run().outcome }

  var console: String { String(decoding: consoleFile.bytes.filter { $0 != 0x0D }, as: UTF8.self) }
}
