internal import Display
internal import Host
internal import PCI
internal import Synchronization

extension Machine {
  /// Writes the picture on the screen to the file that the user wished for; says what went wrong.
  func takeScreenshot() -> String? {
    guard let screenshot else { return nil }
    return writePicture(to: screenshot)
  }

  func writePicture(to file: ReplacedFile) -> String? {
    guard let picture else { return "there is no display." }
    guard let bytes = PNGImage.encode(picture.bytes, width: picture.width, height: picture.height) else {
      return "\(file.path): the picture could not be packed."
    }
    do throws(FileError) { try file.write(bytes) } catch { return "\(error.description)." }
    return nil
  }

  /// What is on the screen now.
  var picture: Picture? {
    board.display.map { Picture(of: $0.inspect { $0.screen }, in: memory) }
  }
}
