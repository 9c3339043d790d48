internal import Display
internal import Host
internal import PCI
internal import PCIBus

extension Board {
  /// What is on the screen now.
  var picture: Picture? { display.map { Picture(of: $0.inspect { $0.screen }, in: memory) } }

  /// Writes what is on the screen to a file; says what went wrong.
  func writePicture(to file: ReplacedFile) -> String? {
    guard let picture else { return "there is no display." }
    guard let bytes = PNGImage.encode(picture.bytes, width: picture.width, height: picture.height) else {
      return "\(file.path): the picture could not be packed."
    }
    do throws(FileError) { try file.write(bytes) } catch { return "\(error.description)." }
    return nil
  }

  /// The lines of a text screen; none where the display shows pixels, or where there is none.
  var screenLines: [String] {
    guard let display, case .text(let screen) = display.inspect({ $0.screen }) else { return [] }
    return screen.lines(in: memory)
  }
}
