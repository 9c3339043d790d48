import Glibc

// Writes the font that the firmware carries, 256 letters of sixteen bytes.
for character in UInt8.min...UInt8.max {
  for line in 0..<Font.height { putchar(Int32(Font.line(line, of: character))) }
}
