import Primitives

/// The registers of `virtio_pci_common_cfg`; quadwords are two doublewords each (virtio 1.2, 4.1.4.3).
enum CommonRegister: Int {
  case deviceFeatureSelect = 0x00
  case deviceFeature = 0x04
  case driverFeatureSelect = 0x08
  case driverFeature = 0x0C
  case configurationVector = 0x10
  case queueCount = 0x12
  case deviceStatus = 0x14
  case configurationGeneration = 0x15
  case queueSelect = 0x16
  case queueSize = 0x18
  case queueVector = 0x1A
  case queueEnable = 0x1C
  case queueNotifyOffset = 0x1E
  case queueDescriptorsLow = 0x20
  case queueDescriptorsHigh = 0x24
  case queueAvailableLow = 0x28
  case queueAvailableHigh = 0x2C
  case queueUsedLow = 0x30
  case queueUsedHigh = 0x34

  static let byteCount = 0x38

  var width: AccessWidth {
    switch self {
    case .deviceStatus, .configurationGeneration: .byte
    case .configurationVector, .queueCount, .queueSelect, .queueSize, .queueVector, .queueEnable, .queueNotifyOffset:
      .word
    default: .dword
    }
  }

  /// The register at exactly this place and width; anything else is undefined, and nothing here.
  init?(_ width: AccessWidth, at offset: Int) {
    self.init(rawValue: offset)
    if self.width != width { return nil }
  }
}
