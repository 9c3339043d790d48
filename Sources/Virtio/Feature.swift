/// Feature bits that belong to the transport and the rings (virtio 1.2, 6).
public enum Feature {
  public static let indirectDescriptors: UInt64 = 1 << 28
  public static let eventIndex: UInt64 = 1 << 29
  public static let version1: UInt64 = 1 << 32
  public static let transport = indirectDescriptors | eventIndex | version1
}
