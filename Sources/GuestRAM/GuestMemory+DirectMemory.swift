public import DeviceModel
public import Primitives

/// The board's RAM, for devices that master the bus themselves.
extension GuestMemory: RingMemory, ScreenMemory {
  public func copy(_ count: Int, from address: GuestAddress) -> [UInt8]? { try? bytes(count, at: address) }
  public func put(_ bytes: [UInt8], at address: GuestAddress) -> Bool { (try? write(bytes, at: address)) != nil }
  public func number(_ byteCount: Int, at address: GuestAddress) -> UInt64? { try? load(byteCount, at: address) }
  public func setNumber(_ value: UInt64, _ byteCount: Int, at address: GuestAddress) -> Bool { (try? store(value, byteCount, at: address)) != nil }
  public func ringIndex(at address: GuestAddress) -> UInt16? { try? loadIndex(at: address) }
  public func setRingIndex(_ value: UInt16, at address: GuestAddress) -> Bool { (try? storeIndex(value, at: address)) != nil }
}
