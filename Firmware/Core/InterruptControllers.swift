internal import Primitives

/// The PC's interrupt controllers and timer, at the places they have on every PC.
struct InterruptControllers<H: Hardware> {
  private enum Register {
    static var primary: Port { 0x20 }
    static var secondary: Port { 0xA0 }
    static var timer: Port { 0x40 }
    static var timerMode: Port { 0x43 }
  }

  let hardware: H

  /// Vectors 08 and 70, only the timer and the keyboard let through, 18.2 ticks a second.
  func prepare() {
    start(Register.primary, vector: 0x08, cascade: 0x04)
    start(Register.secondary, vector: 0x70, cascade: 0x02)
    output(0xF8, Register.primary + 1)
    output(0xFF, Register.secondary + 1)
    output(UInt32(PCIRouting.lines & 0xFF), PCIRouting.levelTriggered)
    output(UInt32(PCIRouting.lines >> 8), PCIRouting.levelTriggered + 1)
    output(0x36, Register.timerMode)
    output(0, Register.timer)
    output(0, Register.timer)
    // The local APIC lets the controllers' interrupts through (SDM 3A 11.5.1).
    let local = Platform.localAPIC.first
    hardware.put(UInt32(0x1FF), at: local + 0xF0)
    hardware.put(UInt32(0x700), at: local + 0x350)
    hardware.put(UInt32(0x400), at: local + 0x360)
  }

  private func start(_ port: Port, vector: UInt32, cascade: UInt32) {
    output(0x11, port)
    output(vector, port + 1)
    output(cascade, port + 1)
    output(0x01, port + 1)
  }

  /// Ends an interrupt that nobody has a use for. False if this vector was none, but a fault of the processor.
  func dismiss(_ vector: UInt8) -> Bool {
    let isSecondary = vector >= 0x70
    let port = isSecondary ? Register.secondary : Register.primary
    output(0x0B, port)
    let isInService = hardware.input(.byte, from: port)[bit: Int(vector & 7)]
    guard isInService else {
      // A request that went away again comes as the last one.
      if isSecondary { output(0x20, Register.primary) }
      return isSecondary || vector == 0x0F
    }
    if isSecondary { output(0x20, port) }
    output(0x20, Register.primary)
    return true
  }

  private func output(_ value: UInt32, _ port: Port) { hardware.output(value, .byte, to: port) }
}
