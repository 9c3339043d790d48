/// An initial RAM disk: an archive in cpio's format "newc" whose bytes follow from what is in it.
struct Archive {
  private(set) var bytes: [UInt8] = []
  private var count: UInt32 = 0

  mutating func addFolder(_ name: String) { add(name, mode: 0o040755, [], device: (0, 0)) }
  mutating func addProgram(_ name: String, _ content: [UInt8]) { add(name, mode: 0o100755, content, device: (0, 0)) }
  mutating func addFile(_ name: String, _ content: [UInt8]) { add(name, mode: 0o100644, content, device: (0, 0)) }
  mutating func addTerminal(_ name: String, _ major: UInt32, _ minor: UInt32) { add(name, mode: 0o020600, [], device: (major, minor)) }

  /// Nothing comes behind this.
  mutating func finish() { add("TRAILER!!!", mode: 0, [], device: (0, 0)) }

  private mutating func add(_ name: String, mode: UInt32, _ content: [UInt8], device: (major: UInt32, minor: UInt32)) {
    count += 1
    bytes += Array("070701".utf8)
    let nameCount = UInt32(name.utf8.count + 1)
    // Number, mode, user, group, links, time, size, device, special device, length of the name, sum.
    for value in [count, mode, 0, 0, 1, 0, UInt32(content.count), 0, 0, device.major, device.minor, nameCount, 0] { append(value) }
    bytes += Array(name.utf8) + [0]
    align()
    bytes += content
    align()
  }

  private mutating func append(_ value: UInt32) {
    for shift in stride(from: 28, through: 0, by: -4) { bytes.append(Array("0123456789ABCDEF".utf8)[Int(value >> UInt32(shift) & 15)]) }
  }

  private mutating func align() { while bytes.count % 4 != 0 { bytes.append(0) } }
}
