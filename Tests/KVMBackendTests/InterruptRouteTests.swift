import Testing

@testable import KVMBackend

@Suite struct InterruptRouteTests {
  private let routes = InterruptRoute.toKernelChips

  @Test("the timer's line drives the first controller's pin 0 and the I/O APIC's pin 2")
  func timer() {
    #expect(routes.filter { $0.line == 0 }.map(\.target) == [.pin(.firstPIC, 0), .pin(.ioAPIC, 2)])
  }

  @Test("a disk's line drives the I/O APIC only, a serial port's both")
  func others() {
    #expect(routes.filter { $0.line == 22 }.map(\.target) == [.pin(.ioAPIC, 22)])
    #expect(routes.filter { $0.line == 12 }.map(\.target) == [.pin(.secondPIC, 4), .pin(.ioAPIC, 12)])
  }

  @Test("no pin has two lines")
  func once() {
    for (n, route) in routes.enumerated() {
      #expect(!routes[(n + 1)...].contains { $0.target == route.target })
    }
  }
}
