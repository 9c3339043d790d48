public import Primitives

/// The 256 configuration bytes of a function, each with the bits that a guest may write.
///
/// Of the extended part up to 4096, which only functions of PCI Express have, nobody answers.
public struct ConfigurationSpace: Sendable {
  /// Registers of the standard header.
  public enum Register {
    public static let command = 0x04
    public static let status = 0x06
    public static let headerType = 0x0E
    public static let firstBaseAddress = 0x10
    public static let capabilities = 0x34
    public static let interruptLine = 0x3C
    public static let interruptPin = 0x3D
  }

  public static let byteCount = 256

  public private(set) var bytes: [UInt8]
  private var masks: [UInt8]
  private var initial: [UInt8]
  private var lastCapability = 0
  private var end = 0x40

  /// A function that decodes memory and masters the bus; `pin` is 0 for INTA, nil for none.
  public init(_ identity: Identity, pin: Int? = nil) {
    bytes = [UInt8](repeating: 0, count: Self.byteCount)
    masks = bytes
    initial = bytes
    set(identity.vendor, at: 0)
    set(identity.device, at: 2)
    set(identity.revision, at: 8)
    set(UInt8(truncatingIfNeeded: identity.classCode), at: 9)
    set(UInt16(truncatingIfNeeded: identity.classCode >> 8), at: 10)
    set(identity.subsystemVendor, at: 0x2C)
    set(identity.subsystem, at: 0x2E)
    // I/O, memory, bus master, parity, SERR and interrupt disable.
    define(UInt16(0), at: Register.command, writable: 0x0547)
    define(UInt8(0), at: Register.interruptLine, writable: 0xFF)
    if let pin { set(UInt8(truncatingIfNeeded: pin + 1), at: Register.interruptPin) }
  }

  // MARK: What the function is made of

  /// Gives a register its value at reset, read-only.
  public mutating func set<T: FixedWidthInteger & UnsignedInteger>(_ value: T, at offset: Int) {
    define(value, at: offset, writable: 0)
  }

  /// Gives a register its value at reset and its writable bits.
  public mutating func define<T: FixedWidthInteger & UnsignedInteger>(_ value: T, at offset: Int, writable: T) {
    bytes.store(value, at: offset)
    initial.store(value, at: offset)
    masks.store(writable, at: offset)
  }

  /// Adds a memory base address register; returns how to decode it.
  ///
  /// - Parameter prefetchable: reads there change nothing.
  public mutating func addBaseAddress(_ index: Int, byteCount: UInt32, prefetchable: Bool = false) -> BaseAddress {
    let bar = BaseAddress(index: index, byteCount: byteCount)
    define(UInt32(prefetchable ? 8 : 0), at: bar.offset, writable: ~(byteCount - 1))
    return bar
  }

  /// Adds a capability whose body follows the id and the link; returns where its id is.
  public mutating func addCapability(_ id: UInt8, _ body: [UInt8], writable: [UInt8] = []) -> Int {
    let start = end
    precondition(start + 2 + body.count <= Self.byteCount, "capabilities fit into 256 bytes")
    set(id, at: start)
    for (i, byte) in body.enumerated() {
      define(byte, at: start + 2 + i, writable: i < writable.count ? writable[i] : 0)
    }
    if lastCapability == 0 {
      set(UInt8(start), at: Register.capabilities)
      set(UInt16(0x10), at: Register.status)
    } else {
      set(UInt8(start), at: lastCapability + 1)
    }
    lastCapability = start
    end = (start + 2 + body.count + 3) & ~3
    return start
  }

  // MARK: What the guest sees

  public func read(_ width: AccessWidth, at offset: Int) -> UInt64 {
    width.value { bytes.indices.contains(offset &+ $0) ? bytes[offset + $0] : 0xFF }
  }

  /// Changes the writable bits of the bytes that the access covers; all else is ignored.
  public mutating func write(_ value: UInt64, _ width: AccessWidth, at offset: Int) {
    width.forEachByte(of: value) { byte, new in
      let place = offset &+ byte
      guard bytes.indices.contains(place) else { return }
      bytes[place] = bytes[place] & ~masks[place] | new & masks[place]
    }
  }

  public mutating func reset() { bytes = initial }

  /// A register's present value.
  public func value<T: FixedWidthInteger & UnsignedInteger>(_: T.Type = T.self, at offset: Int) -> T {
    bytes.load(at: offset) ?? 0
  }

  /// Changes a register from the function's side, whatever the guest may write.
  public mutating func update<T: FixedWidthInteger & UnsignedInteger>(_ value: T, at offset: Int) {
    bytes.store(value, at: offset)
  }

  // MARK: COMMAND

  public var decodesMemory: Bool { value(UInt16.self, at: Register.command)[bit: 1] }
  public var interruptDisabled: Bool { value(UInt16.self, at: Register.command)[bit: 10] }
}
