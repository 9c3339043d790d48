/// Pixels of three bytes, red first, line by line.
public struct Picture: Equatable, Sendable {
  public let width: Int
  public let height: Int
  public internal(set) var bytes: [UInt8]

  /// A black one.
  public init(width: Int, height: Int) {
    self.width = width
    self.height = height
    bytes = [UInt8](repeating: 0, count: width * height * 3)
  }

  public subscript(x: Int, y: Int) -> Color {
    get {
      let place = (y * width + x) * 3
      return Color(red: bytes[place], green: bytes[place + 1], blue: bytes[place + 2])
    }
    set {
      let place = (y * width + x) * 3
      (bytes[place], bytes[place + 1], bytes[place + 2]) = (newValue.red, newValue.green, newValue.blue)
    }
  }
}
