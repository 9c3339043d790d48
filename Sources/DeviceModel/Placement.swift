public import Primitives

/// Where one device sits. Said once: the bus, ACPI, `swboot machine` and the firmware read it from here.
public struct Placement: Sendable {
  public let name: String
  /// Its port ranges; a device with several sees each at the offset where the list so far ends.
  public let ports: [PortRange]
  public let memory: MemoryRange?
  /// The global interrupt it drives.
  public let line: Int?
  /// Its ACPI hardware id, if the operating system should see a node for it.
  public let acpiID: StaticString?
  /// Its register that only says what the next access to another one means, if it has one.
  public let selector: SelectRegister?

  public init(
    _ name: String, ports: [PortRange] = [], memory: MemoryRange? = nil, line: Int? = nil,
    acpiID: StaticString? = nil, selector: SelectRegister? = nil
  ) {
    self.name = name
    self.ports = ports
    self.memory = memory
    self.line = line
    self.acpiID = acpiID
    self.selector = selector
  }
}
