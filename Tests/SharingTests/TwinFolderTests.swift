import Glibc
import TestSupport
import Testing

/// What a guest does in a shared folder has the effect, and the errors, that it would have on the host.
@Suite("The file server, beside the host's own calls")
struct TwinFolderTests {
  private static let names = ["a", "b", "folder", "folder/a", "folder/b", "folder/sub", "folder/sub/a", "other", "other/a"]
  private static let sizes: [UInt64] = [0, 1, 100, 4095, 4096, 5000, 70_000]
  /// As fallocate(2) has them: with the size kept, a hole, zeros, what is taken out or put in between, and nonsense.
  private static let allocations: [Int32] = [0, 1, 3, 2, 0x10, 0x11, 0x08, 0x20, 0x7F]

  @Test("random work in two folders comes to the same", arguments: 1...12 as ClosedRange<UInt64>)
  func random(_ seed: UInt64) throws {
    let twins = try TwinFolders()
    var chance = Chance(seed)
    for number in 0..<300 {
      let (what, (guest, host)) = step(twins, &chance)
      #expect(guest == host, "step \(number), \(what)")
      if guest != host { return }
    }
    let (guest, host) = twins.sights
    #expect(guest == host)
  }

  private func step(_ twins: TwinFolders, _ chance: inout Chance) -> (String, (TwinFolders.Answer, TwinFolders.Answer)) {
    // The guest itself finds out that there is no way to a name.
    let names = Self.names.filter { twins.hasFolder(for: $0) }
    let (one, other) = (chance.one(of: names), chance.one(of: names))
    let (size, place) = (chance.one(of: Self.sizes), chance.one(of: Self.sizes))
    let file = twins.openFiles.isEmpty ? nil : chance.below(twins.openFiles.count)
    switch (chance.below(18), file) {
    case (0, _): return ("make folder \(one)", twins.makeFolder(one))
    case (1, _): return ("make link \(one)", twins.makeLink(one, to: other))
    case (2, _): return ("remove \(one)", twins.remove(one, isFolder: chance.below(3) == 0))
    case (3, _): return ("link \(one) to \(other)", twins.link(one, to: other))
    case (4, _):
      let flags = UInt32(chance.one(of: [0, 0, 1, 2]))
      return ("rename \(one) to \(other), \(flags)", twins.rename(one, to: other, flags: flags))
    case (5, _): return ("read link \(one)", twins.readLink(one))
    case (6, _): return ("truncate \(one) to \(size)", twins.truncate(one, to: size))
    case (7, _): return ("mode of \(one)", twins.changeMode(one, chance.one(of: [0o600, 0o755, 0o4711, 0o1777])))
    case (8, _), (9, _), (_, nil):
      let flags = O_CREAT | O_RDWR | chance.one(of: [0, 0, O_EXCL, O_TRUNC, O_APPEND])
      return ("open \(one), \(flags)", twins.open(one, flags))
    case (10, let file?) where twins.openFiles.count > 4:
      twins.close(file)
      return ("close", (TwinFolders.Answer(error: 0), TwinFolders.Answer(error: 0)))
    case (11, _):
      if chance.below(10) == 0 { twins.lookAround() }
      return ("look around", (TwinFolders.Answer(error: 0), TwinFolders.Answer(error: 0)))
    case (12, let file?): return ("read \(file)", twins.read(file, Int(size), at: place))
    case (13, let file?):
      let mode = chance.one(of: Self.allocations)
      return ("allocate \(file), \(mode) \(place) \(size)", twins.allocate(file, mode: mode, at: place, size))
    case (14, let file?): return ("seek \(file), \(place)", twins.seek(file, to: chance.one(of: [3, 4]), from: place))
    case (15, let file?): return ("status \(file)", twins.status(file))
    case (_, let file?):
      let byte = UInt8(chance.below(256))
      return ("write \(file), \(place) \(size)", twins.write(file, (0..<size).map { UInt8(truncatingIfNeeded: $0) ^ byte }, at: place))
    }
  }

  @Test("extended attributes and locks are not the server's: the guest hears so, and does without or by itself", arguments: [21, 22, 23, 24, 31, 32, 33] as [UInt32])
  func notThere(_ operation: UInt32) throws {
    let driver = try FileDriver()
    driver.folder.write("", to: "file")
    #expect(driver.send(operation, driver.lookUp("file").node, Array(repeating: 0, count: 64)).error == ENOSYS)
  }
}
