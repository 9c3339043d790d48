import Glibc
import Host
import Primitives
import Sharing
import TestSupport
import Testing

/// A driver that does at random what none would: any message, with numbers that mean something and others.
@Suite("The file server, under a random driver")
struct RandomDriverTests {
  @Test("FS-10 whatever a guest asks for, nothing outside its share changes and the server goes on", arguments: 1...20 as ClosedRange<UInt64>)
  func random(_ seed: UInt64) throws {
    let outside = TemporaryFolder()
    outside.write("untouched", to: "file")
    let driver = try FileDriver()
    driver.folder.write("hello", to: "file")
    #expect(unsafe symlink(outside.path, "\(driver.folder.path)/link") == 0)
    var chance = Chance(seed)
    var nodes: [UInt64] = [0, 1, 2, driver.root, .max]
    var handles: [UInt64] = [0, 1, .max]
    let names = ["file", "link", "a", "b", "folder", "..", ".", "", "a/b", "link/file", outside.path]
    for _ in 0..<2000 {
      var body: [UInt8] = []
      for _ in 0..<chance.below(12) {
        switch chance.below(6) {
        case 0: body += FileDriver.text(chance.one(of: names))
        case 1: body.append(littleEndian: chance.one(of: handles))
        case 2: body.append(littleEndian: chance.one(of: nodes))
        case 3: body.append(littleEndian: chance.one(of: [0, 1, 0o100644, 0o40755, .max] as [UInt32]))
        case 4: body.append(littleEndian: UInt64(chance.below(8192)))
        default: body.append(littleEndian: chance.next())
        }
      }
      let operation = UInt32(chance.below(50))
      // A driver that begins anew forgets what it knows.
      guard operation != 26 else { continue }
      let answer = driver.send(operation, chance.one(of: nodes), body, room: chance.one(of: [0, 16, 80, 160, 1 << 17]))
      guard answer.error == 0, answer.body.count >= 8 else { continue }
      if nodes.count < 200, [1, 6, 8, 9, 13, 35].contains(operation) { nodes.append(answer.node) }
      if handles.count < 200, [14, 27].contains(operation) { handles.append(answer.node) }
    }
    #expect(outside.text(of: "file") == "untouched" && HostFolder.names(outside.path) == ["file"])
    #expect(driver.send(3, driver.root, FileDriver.longs(0, 0)).error == 0)
  }
}
