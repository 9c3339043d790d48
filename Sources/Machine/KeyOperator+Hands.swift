internal import DeviceModel
internal import Devices
internal import Host
internal import Primitives
internal import SystemBus
internal import Time

extension KeyOperator.Hands {
  /// The hands of somebody who sits at this board.
  init(at link: BoardLink, clock: GuestClock, control: RunControl) {
    self.init(
      now: { clock.now },
      press: { codes in link.board?.keyboard.access { keyboard, cycle in keyboard.press(scancodes: codes, &cycle) } ?? false },
      screenLines: { link.board?.screenLines ?? [] },
      takePicture: { path in
        do throws(FileError) {
          let file = try ReplacedFile(path: path)
          if let problem = link.board?.writePicture(to: file) { Program.say(problem) }
        } catch { Program.say("\(error.description).") }
      },
      quit: { control.end(.quit) })
  }
}
