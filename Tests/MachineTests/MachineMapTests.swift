import Machine
import Testing

/// What `swboot machine` prints.
@Suite struct MachineMapTests {
  @Test("the interrupt chips are in their places, whoever keeps them", arguments: Configuration.Accelerator.allCases)
  func chips(accelerator: Configuration.Accelerator) throws {
    var configuration = Configuration()
    configuration.accelerator = accelerator
    let map = try MachineMap.report(configuration)
    for line in [
      "  0fec00000-0fec00fff  ioapic", "  0020-0021            pic", "  0040-0043            pit  interrupt 0",
      "  04d0-04d1            pic",
    ] { #expect(map.contains(line)) }
  }
}
