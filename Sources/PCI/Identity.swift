/// What a function says it is.
public struct Identity: Sendable {
  public var vendor: UInt16
  public var device: UInt16
  public var revision: UInt8
  /// Base class, subclass and programming interface.
  public var classCode: UInt32
  public var subsystemVendor: UInt16
  public var subsystem: UInt16

  public init(
    vendor: UInt16, device: UInt16, revision: UInt8, classCode: UInt32, subsystemVendor: UInt16 = 0x1AF4,
    subsystem: UInt16 = 0x1100
  ) {
    self.vendor = vendor
    self.device = device
    self.revision = revision
    self.classCode = classCode
    self.subsystemVendor = subsystemVendor
    self.subsystem = subsystem
  }
}
