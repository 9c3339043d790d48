public import DeviceModel
public import PCI
public import Primitives
public import SystemBus

/// The display's registers at ports: the VGA's, and the two that choose a mode.
public final class DisplayPorts: BusTarget {
  public static let placement = Placement("VGA ports", ports: [Platform.displayInterface, Platform.vga])

  private let display: FunctionSlot<DisplayAdapter>

  public init(of display: FunctionSlot<DisplayAdapter>) { self.display = display }

  public var placement: Placement { Self.placement }
  private static let interfaceCount = Int(Platform.displayInterface.count)

  public func read(_ width: AccessWidth, at offset: Int) -> UInt64 {
    display.access { display, _ in
      offset < Self.interfaceCount
        ? display.readInterface(width, at: offset) : display.readVGA(width, at: offset - Self.interfaceCount)
    }
  }

  public func write(_ value: UInt64, _ width: AccessWidth, at offset: Int) {
    display.access { display, cycle in
      if offset < Self.interfaceCount {
        display.writeInterface(value, width, at: offset, &cycle)
      } else {
        display.writeVGA(value, width, at: offset - Self.interfaceCount)
      }
    }
  }

  /// The registers are the PCI function's, which has its own reset.
  public func reset() {}
  public var deadline: Instant? { nil }
  public func advance() {}
}
