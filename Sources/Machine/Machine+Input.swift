internal import Devices
internal import Host
internal import PCI
internal import Synchronization
internal import SystemBus
internal import Virtio

/// What the user types.
extension Machine {
  /// Whether the user's keys go to the guest.
  public var isInteractive: Bool { console.isInteractive }

  func connectKeyboard() throws(MachineError) {
    guard console.isInteractive else { return }
    do throws(SystemError) { try Keyboard.connect(to: input, typed: letInputFlow) { [control] in control.end(.quit) } } catch {
      throw MachineError("a thread for the keyboard cannot be made (\(error))")
    }
  }

  func letInputFlow() { input.flow(to: offer) }

  /// What the user types goes to the console where the guest last wrote.
  private func offer(_ keys: [UInt8]) -> Int {
    guard !usesVirtioConsole.load(ordering: .relaxed) else {
      return board.virtioConsole.access { console, cycle in console.receive(keys, &cycle) }
    }
    return board.serial.access { serial, cycle in keys.prefix { serial.receive($0, &cycle) }.count }
  }
}
