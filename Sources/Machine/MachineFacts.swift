internal import Reports

/// What a report tells of the machine and its guest.
public struct MachineFacts: Sendable {
  let configuration: Configuration
  let accelerator: String
  /// Why it is this one, where the user did not choose it.
  let acceleratorReason: String?
  /// As `uname -r` has it, as far as the kernel's file or its console told.
  let kernelRelease: String?
  let guestSeconds: Double
  /// Why KVM has left the guest, and how often.
  let exits: [String: Int]
  let accesses: [(device: String, count: Int)]
  var log: KernelLog
  let console: [String]
}
