import Testing

@testable import KVMBackend

@Suite struct InterruptRoutesTests {
  @Test("the timer's line drives the first controller's pin 0 and the I/O APIC's pin 2")
  func timer() {
    #expect(InterruptRoutes.all.filter { $0.line == 0 }.map(\.chip) == [.firstPIC, .ioAPIC])
    #expect(InterruptRoutes.all.filter { $0.line == 0 }.map(\.pin) == [0, 2])
  }

  @Test("a disk's line drives the I/O APIC only, a serial port's both")
  func others() {
    #expect(InterruptRoutes.all.filter { $0.line == 22 } == [.init(line: 22, chip: .ioAPIC, pin: 22)])
    #expect(InterruptRoutes.all.filter { $0.line == 12 }.map(\.pin) == [4, 12])
  }

  @Test("no pin has two lines")
  func once() {
    let routes = InterruptRoutes.all
    for (n, route) in routes.enumerated() {
      #expect(!routes[(n + 1)...].contains { $0.chip == route.chip && $0.pin == route.pin })
    }
  }
}
