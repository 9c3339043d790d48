import Host
import Primitives

/// What kind of kernel a file is, by its first bytes.
enum Payload: Hashable {
  case linux
  case elf
  case multiboot
  case flatImageTree
  case compressed(Compression)

  /// - Parameter bytes: the first `reach` bytes of the file.
  init?(_ bytes: [UInt8]) {
    if let format = Compression(bytes) {
      self = .compressed(format)
    } else if bytes.starts(with: [0xD0, 0x0D, 0xFE, 0xED]) {
      self = .flatImageTree
    } else if ELFImage.recognizes(bytes) {
      self = .elf
    } else if LinuxImage.recognizes(bytes) {
      self = .linux
    } else if MultibootHeader.isIn(bytes) {
      self = .multiboot
    } else {
      return nil
    }
  }

  static let reach = 8192
}
