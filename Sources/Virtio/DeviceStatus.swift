/// The steps by which a driver takes over a device (virtio 1.2, 2.1).
struct DeviceStatus: OptionSet {
  let rawValue: UInt8
  static let acknowledge = Self(rawValue: 1)
  static let driver = Self(rawValue: 2)
  static let driverReady = Self(rawValue: 4)
  static let featuresAccepted = Self(rawValue: 8)
  static let needsReset = Self(rawValue: 64)
  static let failed = Self(rawValue: 128)
}
