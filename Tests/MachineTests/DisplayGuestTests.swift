import Display
@testable import Machine
import Testing

/// What guests of a few instructions see of the display, on every way to execute them.
@Suite(.serialized)
struct DisplayGuestTests {
  @Test("the framebuffer is memory, wherever the guest puts it", arguments: SmallGuest.accelerators)
  func framebuffer(accelerator: Configuration.Accelerator) throws {
    var guest = SmallGuest(kernel: "draw_and_move", on: accelerator)
    guest.configuration.display = .pixels(width: 640, height: 480)
    let machine = try Machine(guest.configuration)
    #expect(machine.run().outcome.exitStatus == (0x2A + 0x15) << 1 | 1)
    let picture = try #require(machine.board.picture)
    #expect(picture.width == 640 && picture.height == 480)
    let drawn = Color(red: 0x11, green: 0x22, blue: 0x33)
    #expect(picture[10, 0] == drawn && picture[11, 0] == drawn)
    // Nobody is where the framebuffer was.
    #expect(picture[12, 0] == Color(red: 0xFF, green: 0xFF, blue: 0xFF))
    // "_SM3": moving the framebuffer moves nothing else.
    #expect(picture[13, 0] == Color(red: 0x4D, green: 0x53, blue: 0x5F))
    #expect(picture[14, 0] == Color(red: 0, green: 0, blue: 0))
  }

  @Test("without a display nobody is where it would be", arguments: SmallGuest.accelerators)
  func noDisplay(accelerator: Configuration.Accelerator) throws {
    let guest = SmallGuest("power_off", on: accelerator)
    let machine = try Machine(guest.configuration)
    #expect(machine.run().outcome == .poweredOff)
    #expect(machine.board.picture == nil && machine.takeScreenshot() == nil)
  }
}
