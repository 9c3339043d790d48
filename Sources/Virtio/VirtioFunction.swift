public import DeviceModel

/// What is particular to one kind of virtio device; the transport does the rest.
public protocol VirtioFunction: Sendable {
  /// Its virtio device number: 2 is a disk.
  static var deviceID: UInt16 { get }
  /// Its PCI base class, subclass and programming interface.
  static var pciClass: UInt32 { get }
  /// How many queues it offers, always the same.
  var queueCount: Int { get }
  /// What it offers besides the transport's own features.
  var features: UInt64 { get }
  /// Its part of the device configuration, which is read-only.
  var configuration: [UInt8] { get }
  /// The driver is ready, with these features.
  mutating func start(features: UInt64)
  /// The driver says that there is something in a queue. Takes at most one ring's worth of chains; true asks to be called again.
  mutating func service(queue index: Int, _ queues: inout [Queue], memory: any RingMemory, _ cycle: inout Cycle)
    throws(QueueError) -> Bool
  /// Forgets everything about the driver, but for requests with which something outside may still write to its memory.
  mutating func reset()
  /// True unless something outside may still write to the driver's memory.
  var isIdle: Bool { get }
}

extension VirtioFunction {
  public mutating func start(features: UInt64) {}
  public var isIdle: Bool { true }
}
