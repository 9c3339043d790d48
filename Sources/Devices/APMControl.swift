public import DeviceModel
import Primitives

/// The power-management command and status ports. There is no system-management mode: plain storage.
public struct APMControl: RegisterDevice {
  public enum RegisterName: Sendable { case command, status }
  public static let registers = RegisterMap<RegisterName>(packed: [(.command, 1), (.status, 1)], byteCount: 2)
  public static let placement = Placement("APM control", ports: [Platform.apmControl])

  private var command: UInt8 = 0
  private var status: UInt8 = 0

  public init() {}

  public mutating func read(_ register: RegisterName, _ cycle: inout Cycle) -> UInt64 {
    switch register {
    case .command: UInt64(command)
    case .status: UInt64(status)
    }
  }

  public mutating func write(_ data: RegisterWrite, to register: RegisterName, _ cycle: inout Cycle) {
    switch register {
    case .command: command = data.merged(into: command)
    case .status: status = data.merged(into: status)
    }
  }

  public mutating func reset() { self = APMControl() }
}
