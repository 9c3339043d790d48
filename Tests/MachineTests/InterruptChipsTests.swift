import Testing

@testable import Machine

@Suite struct InterruptChipsTests {
  @Test(arguments: ["5.10.0", "6.1.0-57-amd64", "6.17.13+deb13-amd64"])
  func where_the_kernels_own_chips_are_made_at_once_they_spare_the_guest_exits(release: String) {
    #expect(Configuration().chips(onKernel: release) == .kernel)
  }

  @Test(arguments: ["6.18.0", "6.18-rc1", "6.18.44-fc-v509", "6.100.1", "7.2.13+deb14-amd64", "10.0"])
  func where_a_start_would_wait_for_the_kernels_own_chips_they_are_ours(release: String) {
    #expect(Configuration().chips(onKernel: release) == .split)
  }

  @Test(arguments: ["6.1.0", "7.2.13"])
  func a_trace_sees_chips_that_are_ours_and_who_asks_for_the_kernels_gets_them_anyway(release: String) {
    var wishes = Configuration()
    wishes.trace = .init(events: ["irq"])
    #expect(wishes.chips(onKernel: release) == .split)
    wishes.interruptChips = .kernel
    #expect(wishes.chips(onKernel: release) == .kernel)
  }
}
