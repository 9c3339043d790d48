public import Primitives

/// Where a register is that only says what the next access to another one means. Nothing follows from a write to it, so that
/// the device may hear of the write as late as of that access, or some tenths of a second later if there is none.
public enum SelectRegister: Equatable, Sendable {
  case ports(PortRange)
  case memory(MemoryRange)
}
