internal import Devices
internal import Host
internal import SystemBus

/// What somebody outside may wish while the guest runs.
extension Machine {
  func pressPowerButton() {
    let isHeard = board.power.access { power, cycle in
      power.pressPowerButton(&cycle)
      return power.hearsPowerButton
    }
    guard isHeard else { return control.cannotShutDown() }
    Program.say("the guest is asked to shut down, by its power button; a second signal ends the run at once.")
  }

  func takeScreenshot() -> String? { resources.screenshot.flatMap(board.writePicture) }
}
