internal import Primitives

/// PCI configuration space through its ports, and the windows of functions in memory.
struct PCIBus<H: Hardware> {
  /// A function on bus 0: device number and function number, as configuration addresses have them.
  struct Function: Equatable {
    var number: UInt8
    var vendor: UInt16
    var device: UInt16
  }

  private enum Register {
    static var command: UInt8 { 0x04 }
    static var headerType: UInt8 { 0x0E }
    static var firstWindow: UInt8 { 0x10 }
    static var capabilities: UInt8 { 0x34 }
    static var interruptLine: UInt8 { 0x3C }
    static var interruptPin: UInt8 { 0x3D }
  }

  let hardware: H

  func read(_ width: AccessWidth, _ function: UInt8, _ register: UInt8) -> UInt32 {
    select(function, register)
    return hardware.input(width, from: Platform.pciConfigData + Int(register & 3))
  }

  func write(_ value: UInt32, _ width: AccessWidth, _ function: UInt8, _ register: UInt8) {
    select(function, register)
    hardware.output(value, width, to: Platform.pciConfigData + Int(register & 3))
  }

  private func select(_ function: UInt8, _ register: UInt8) {
    let address = 0x8000_0000 | UInt32(function) << 8 | UInt32(register & 0xFC)
    hardware.output(address, .dword, to: Platform.pciConfigAddress)
  }

  /// The function at a number; nil where there is none.
  func function(_ number: UInt8) -> Function? {
    let identity = read(.dword, number, 0)
    let vendor = UInt16(truncatingIfNeeded: identity)
    guard vendor != 0xFFFF else { return nil }
    return Function(number: number, vendor: vendor, device: UInt16(truncatingIfNeeded: identity >> 16))
  }

  /// Every function of bus 0, lowest number first.
  func scan(_ body: (Function) -> Void) {
    for slot in UInt8(0)..<32 {
      guard let first = function(slot << 3) else { continue }
      body(first)
      guard read(.byte, first.number, Register.headerType)[bit: 7] else { continue }
      for number in UInt8(1)..<8 {
        if let function = function(slot << 3 | number) { body(function) }
      }
    }
  }

  /// Gives every memory window of a function a place and switches them on; those that find no room stay off.
  func assign(_ function: UInt8, from window: inout Arena) {
    // A bridge's header has other things where a function's windows are.
    guard read(.byte, function, Register.headerType) & 0x7F == 0 else { return }
    var index: UInt8 = 0
    while index < 6 {
      let register = Register.firstWindow + 4 * index
      write(0xFFFF_FFFF, .dword, function, register)
      let mask = read(.dword, function, register)
      let isWide = mask & 0x7 == 0x4
      index += isWide ? 2 : 1
      guard mask & 0xFFFF_FFF0 != 0, !mask[bit: 0] else {
        write(0, .dword, function, register)
        continue
      }
      if isWide { write(0, .dword, function, register + 4) }
      let size = ~(mask & 0xFFFF_FFF0) &+ 1
      let place = window.take(size, alignment: size)
      write(UInt32(truncatingIfNeeded: place?.value ?? 0), .dword, function, register)
      if place == nil { return }
    }
    // Memory, and access to memory of its own accord.
    write(read(.word, function, Register.command) | 0x6, .word, function, Register.command)
  }

  /// Connects a function's interrupt pins with the PIC's lines, and the bridge's wires, if it is the bridge.
  func connectInterrupts(_ function: Function) {
    if (function.vendor, function.device) == (0x8086, 0x2918) {
      for wire in 0..<PCIRouting.wireCount {
        let register = UInt8(truncatingIfNeeded: PCIRouting.register(ofWire: wire))
        write(UInt32(PCIRouting.line(ofWire: wire)), .byte, function.number, register)
      }
    }
    let pin = Int(read(.byte, function.number, Register.interruptPin))
    guard pin > 0 else { return }
    let line = PCIRouting.line(ofWire: PCIRouting.wire(slot: Int(function.number >> 3), pin: pin - 1))
    write(UInt32(line), .byte, function.number, Register.interruptLine)
  }

  /// Where a memory window begins; nil if it has no place.
  func window(_ function: UInt8, _ index: UInt8) -> GuestAddress? {
    guard index < 6 else { return nil }
    let value = read(.dword, function, Register.firstWindow + 4 * index)
    guard !value[bit: 0], value & 0xFFFF_FFF0 != 0 else { return nil }
    return GuestAddress(UInt64(value & 0xFFFF_FFF0))
  }

  /// The capabilities of a function, where they begin. A list that runs in a circle comes to an end too.
  func capabilities(_ function: UInt8, _ body: (_ id: UInt8, _ register: UInt8) -> Void) {
    guard read(.word, function, 0x06)[bit: 4] else { return }
    var next = UInt8(truncatingIfNeeded: read(.byte, function, Register.capabilities)) & 0xFC
    for _ in 0..<48 where next >= 0x40 {
      let header = read(.word, function, next)
      body(UInt8(truncatingIfNeeded: header), next)
      next = UInt8(truncatingIfNeeded: header >> 8) & 0xFC
    }
  }
}
