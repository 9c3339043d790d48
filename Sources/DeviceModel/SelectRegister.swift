public import Primitives

/// Where registers are that only prepare an access to another one, as one that says what the next access means. Nothing
/// follows from a write to them, so that the device may hear of it as late as of that access, or some tenths of a second
/// later if there is none.
public enum SelectRegister: Equatable, Sendable {
  case ports(PortRange)
  case memory(MemoryRange)
}
