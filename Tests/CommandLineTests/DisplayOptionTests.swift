import Machine
@testable import Options
import Testing

@Suite("Options for display and keyboard")
struct DisplayOptionTests {
  private func configuration(_ arguments: String...) throws -> Configuration {
    try Options(["--kernel", "k"] + arguments).configuration
  }

  @Test func aMachineHasNoDisplayUnlessSomebodyAsks() throws {
    #expect(try configuration().display == nil)
    #expect(try configuration("--display").display == .pixels(width: 1024, height: 768))
    #expect(try configuration("--display=text").display == .text)
    #expect(try configuration("--display=800x600").display == .pixels(width: 800, height: 600))
    #expect(try configuration("--screenshot", "a.png").display == .standard)
    #expect(try configuration("--display=text", "--screenshot", "a.png").display == .text)
  }

  @Test(
    "CF-01 a display of a size that it cannot have is refused",
    arguments: [
      "", "x", "800", "800x", "800x600x2", "801x600", "4096x2160", "-800x600", "99999999999999999999x1", "gui",
    ])
  func badSizes(size: String) {
    #expect(throws: UsageError.self) { try configuration("--display=\(size)") }
  }
}
