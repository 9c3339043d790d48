import BareMetal
import FirmwareCore
import Primitives

/// The machine itself, through its instructions.
struct BareHardware: Hardware {
  func input(_ width: AccessWidth, from port: Port) -> UInt32 {
    switch width {
    case .byte: port_in8(port.value)
    case .word: port_in16(port.value)
    default: port_in32(port.value)
    }
  }

  func output(_ value: UInt32, _ width: AccessWidth, to port: Port) {
    switch width {
    case .byte: port_out8(port.value, value)
    case .word: port_out16(port.value, value)
    default: port_out32(port.value, value)
    }
  }

  func load(_ width: AccessWidth, at address: GuestAddress) -> UInt32 {
    switch width {
    case .byte: memory_load8(physical(address))
    case .word: memory_load16(physical(address))
    default: memory_load32(physical(address))
    }
  }

  func store(_ value: UInt32, _ width: AccessWidth, at address: GuestAddress) {
    switch width {
    case .byte: memory_store8(physical(address), value)
    case .word: memory_store16(physical(address), value)
    default: memory_store32(physical(address), value)
    }
  }

  func copy(_ count: UInt32, from source: GuestAddress, to target: GuestAddress) {
    memory_copy(physical(target), physical(source), count)
  }

  func fill(_ byte: UInt8, count: UInt32, at address: GuestAddress) { memory_fill(physical(address), byte, count) }
  func pause() { processor_pause() }

  var realModeCode: RealModeCode {
    RealModeCode(
      stubs: offset_of_stubs(), tick: offset_of_tick(), ignore: offset_of_return(),
      systemConfiguration: offset_of_system_configuration(), disketteParameters: offset_of_diskette_parameters(),
      font: offset_of_font())
  }

  func enterRealMode(_ entry: RealModeEntry) {
    enter_real_mode(
      UInt32(entry.segment), UInt32(entry.offset), UInt32(entry.dataSegment), UInt32(entry.stackPointer),
      UInt32(entry.dx))
  }

  func enterKernel(at entry: GuestAddress, parameters: GuestAddress) {
    enter_kernel(physical(entry), 0, 0, physical(parameters))
  }

  func enterMultiboot(at entry: GuestAddress, information: GuestAddress) {
    enter_kernel(physical(entry), 0x2BAD_B002, physical(information), 0)
  }

  func stop() { while true { processor_stop() } }

  private func physical(_ address: GuestAddress) -> UInt32 { UInt32(truncatingIfNeeded: address.value) }
}

nonisolated(unsafe) var firmware = Firmware(BareHardware())

@_cdecl("firmware_start")
func start() { firmware.start() }

/// True if the caller shall wait for the next interrupt and ask again.
@_cdecl("firmware_service")
func service(_ frame: UInt32) -> Bool { firmware.serve(GuestAddress(UInt64(frame))) }

@_cdecl("firmware_fault")
func fault(_ vector: UInt32, _ first: UInt32, _ second: UInt32) {
  firmware.reportFault(vector: vector, first, second)
}
