import Primitives

/// A message about a port, in either direction (virtio 1.2, 5.3.6.2).
struct PortControl: Equatable, Sendable {
  enum Event: UInt16 {
    case deviceReady = 0
    case add = 1
    case ready = 3
    case open = 6
    case name = 7
  }

  static let size = 8

  let port: UInt32
  let event: Event
  var value: UInt16 = 1
  /// Behind the message, for a name.
  var text: [UInt8] = []

  init(_ event: Event, port: Int, value: UInt16 = 1, text: [UInt8] = []) {
    self.port = UInt32(truncatingIfNeeded: port)
    self.event = event
    self.value = value
    self.text = text
  }

  /// Nil where it is none that a device knows.
  init?(_ bytes: [UInt8]) {
    guard let port: UInt32 = bytes.load(at: 0), let number: UInt16 = bytes.load(at: 4), let event = Event(rawValue: number),
      let value: UInt16 = bytes.load(at: 6)
    else { return nil }
    (self.port, self.event, self.value) = (port, event, value)
  }

  var bytes: [UInt8] {
    var bytes: [UInt8] = []
    bytes.append(littleEndian: port)
    bytes.append(littleEndian: event.rawValue)
    bytes.append(littleEndian: value)
    return bytes + text
  }
}
