internal import Primitives

/// Starting what is on the disks.
extension Firmware {
  private static var bootSector: GuestAddress { 0x7C00 }

  /// Tries each disk from `nextDisk` on. Comes back only in a test.
  mutating func bootDisks() {
    guard disks.count > 0 else { return stop(.nothingToBoot, "no disk") }
    while let disk = disks[nextDisk] {
      let number = nextDisk
      nextDisk += 1
      var changed = disk
      let problem = load(&changed)
      disks[number] = changed
      guard let problem else { return start(from: number) }
      say("swboot firmware: disk ")
      say(number - Disks.firstNumber)
      say(": ")
      say(problem)
      say("\n")
    }
    if hasReadError {
      stop(.readError, "no disk could be booted, and not all could be read")
    } else {
      stop(.nothingToBoot, "no disk could be booted")
    }
  }

  /// Reads the first sector; says what is wrong with it.
  private mutating func load(_ disk: inout VirtioDisk) -> Text? {
    do throws(VirtioDisk.Failure) {
      try disk.transfer(.read, 1, sector: 0, Self.bootSector, hardware, timer: facts.timer)
    } catch {
      switch error {
      case .outOfRange: return "empty"
      case .timedOut:
        hasReadError = true
        return "does not answer"
      default:
        hasReadError = true
        return "read error in sector 0"
      }
    }
    guard hardware.word(at: Self.bootSector + 510) == 0xAA55 else { return "no boot signature in sector 0" }
    return nil
  }

  private mutating func start(from number: UInt8) {
    say("booting from disk ")
    say(number - Disks.firstNumber)
    say("\n")
    var entry = RealModeEntry(segment: 0, offset: UInt16(truncatingIfNeeded: Self.bootSector.value))
    entry.dx = UInt16(number)
    hardware.enterRealMode(entry)
  }
}
