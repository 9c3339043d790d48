internal import DeviceModel
internal import Devices
internal import Display
internal import Host
internal import PCI
internal import Primitives
internal import SystemBus

extension Machine {
  private static let largestScript: UInt64 = 1 << 20

  static func keyScript(_ path: String, _ configuration: Configuration) throws(MachineError) -> KeyScript {
    let script: KeyScript
    do {
      let bytes = try HostFile(path: path).contents(limit: largestScript)
      script = try KeyScript(String(decoding: bytes, as: UTF8.self))
    } catch let problem as KeyScript.Problem {
      throw MachineError("--keys \(path): line \(problem.line): \(problem.words).")
    } catch {
      throw MachineError(error)
    }
    for (line, step) in script.steps {
      guard case .screenshot = step, configuration.display == nil else { continue }
      throw MachineError("--keys \(path): line \(line): there is no picture without --display.")
    }
    return script
  }

  /// What a script of keys reaches of this machine.
  var hands: KeyOperator.Hands {
    KeyOperator.Hands(
      now: { [weak self] in self?.now ?? .start },
      press: { [weak self] codes in
        self?.board.keyboard.access { keyboard, cycle in keyboard.press(scancodes: codes, &cycle) } ?? false
      },
      screenLines: { [weak self] in self?.screenLines ?? [] },
      takePicture: { [weak self] path in
        guard let self else { return }
        do throws(FileError) {
          let problem = writePicture(to: try ReplacedFile(path: path))
          if let problem { Program.say(problem) }
        } catch { Program.say("\(error.description).") }
      },
      quit: { [control] in control.end(.quit) })
  }

  private var screenLines: [String] {
    guard let display = board.display, case .text(let screen) = display.inspect({ $0.screen }) else { return [] }
    return screen.lines(in: memory)
  }
}
