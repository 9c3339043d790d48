public import DeviceModel
public import GuestRAM
public import Primitives

/// The board's RAM, for devices that master the bus themselves.
extension GuestMemory: DirectMemory {
  public func copy(_ count: Int, from address: GuestAddress) -> [UInt8]? { try? bytes(count, at: address) }

  public func put(_ bytes: [UInt8], at address: GuestAddress) -> Bool {
    do throws(GuestMemoryError) {
      try write(bytes, at: address)
      return true
    } catch {
      return false
    }
  }
}
