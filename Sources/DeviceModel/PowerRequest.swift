/// What a device asks of the machine's power.
public enum PowerRequest: Equatable, Sendable {
  /// Soft off by ACPI.
  case off
  case reset
  /// The guest chose the exit code of the whole run through the debug-exit device.
  case exit(code: UInt8)
  /// The guest reported a panic.
  case panicked
  /// Nobody in the guest has quieted its watchdog in time, twice in a row.
  case watchdog
  /// The guest relies on something that is not here: one sentence that says what to do instead.
  case refused(String)
}
