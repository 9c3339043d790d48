import Testing

@testable import SoftBackend

@Suite("machine checks") struct MachineCheckTests {
  @Test("C2 a hypervisor that asks for the banks without a look at CPUID learns that there are none")
  func banks() throws {
    let guest = try SystemGuest(.long)
    for register: UInt32 in [0x179, 0x17A] { #expect(try guest.core.readMSR(register) == 0) }
  }
}
