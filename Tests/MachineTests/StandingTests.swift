import Testing

@testable import Machine

@Suite("How a run stands")
struct StandingTests {
  @Test("what the processors were doing is not still being found out once it is there")
  func found() {
    var standing = Standing()
    #expect(standing.business == "the kernel and its files were still being loaded.")
    standing.lookAtProcessors()
    #expect(standing.business != nil && standing.processors == nil)
    standing.found("RIP 0")
    #expect(standing.business == "the names of the functions that the guest was in were still being looked for.")
    #expect(standing.processors == "RIP 0")
    standing.found("RIP 0 in panic", withNames: true)
    #expect(standing.business == nil && standing.processors == "RIP 0 in panic")
  }
}
