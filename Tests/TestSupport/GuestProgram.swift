import GuestPrograms

/// The bytes of a guest program from Tests/GuestPrograms.
public func program(_ name: String) -> [UInt8] {
  var size = 0
  guard let start = unsafe guest_program(name, &size) else { preconditionFailure("there is no guest program \(name)") }
  return unsafe Array(UnsafeBufferPointer(start: start, count: size))
}

/// A firmware image whose last 64 KiB begin with `code`, and whose reset vector jumps there.
public func firmware(_ code: [UInt8], size: Int = 0x1_0000) -> [UInt8] {
  var image = [UInt8](repeating: 0xCC, count: size)
  let segment = size - 0x1_0000
  image.replaceSubrange(segment..<segment + code.count, with: code)
  // A near jump wraps inside the segment, so that CS keeps its base of FFFF0000.
  image.replaceSubrange(segment + 0xFFF0..<segment + 0xFFF3, with: [0xE9, 0x0D, 0x00])
  return image
}
