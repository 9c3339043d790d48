internal import Boot
internal import GuestRAM
internal import Host
internal import Processor
internal import SystemBus

/// The machine cannot be made or run as asked: one sentence that names the thing and the next step.
public struct MachineError: Error, Sendable {
  public let message: String
  /// The host's or the accelerator's fault, not that of a file or a wish of the user.
  public let isHosts: Bool

  public init(_ message: String) {
    self.message = message
    isHosts = false
  }

  public var exitStatus: Int32 { isHosts ? ExitStatus.failed : ExitStatus.refused }

  /// From any of the layers below, whose errors describe themselves in a sentence.
  init(_ error: any Error) {
    switch error {
    case is ProcessorError, is GuestMemoryError, is SystemError: isHosts = true
    case let error as MachineError: isHosts = error.isHosts
    default: isHosts = false
    }
    message =
      switch error {
      case let error as MachineError: error.message
      case let error as ProcessorError: error.message
      case let error as SystemError: "the host has no room for another thread or file (\(error)). See ulimit -n, -u and -v."
      case GuestMemoryError.host(let call, let code):
        "the guest's memory cannot be had (\(call): \(SystemError(code: code))). Ask for less with --memory."
      default: "\(error)"
      }
  }
}
