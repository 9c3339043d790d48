import DeviceModel
import Display
import GuestRAM
import PCI
import PCIBus
import Primitives
import Synchronization
import SystemBus
import TestSupport
import Testing

@testable import Machine

/// A machine with one of everything that is turned on, and whose processor never runs: a test stands in for it.
struct HostileBench {
  static let image = [UInt8](repeating: 0x5A, count: 64 * 512)

  let machine: Machine
  let bus: SystemBus
  private let disks = (0..<3).map { _ in TemporaryFile(Self.image) }

  init() throws {
    var configuration = Configuration()
    configuration.console = .none
    configuration.display = .text
    configuration.firmware = .builtin
    configuration.memory = 16 << 20
    configuration.hasTestDevice = true
    configuration.accelerator = .soft
    // Whoever rings for a disk waits until it has done all.
    configuration.seed = 1
    configuration.disks = disks.map { Configuration.Disk(path: $0.path) }
    configuration.disks[1].isReadOnly = true
    configuration.disks[2].isSnapshot = true
    machine = try Machine(configuration)
    try machine.turnOn()
    bus = try #require(machine.chassis.power.withLock { $0?.bus })
  }

  var memory: GuestMemory { machine.memory }
  var board: Board { machine.board }

  /// Everything that is made from where the guest has put things, made anew.
  func describe() {
    board.refreshTables()
    board.layOutMemory()
    _ = (board.bridge.doorbells, board.display?.inspect { $0.screen })
  }

  /// Nothing is changed that no access of a guest may change.
  func expectNoDamage() {
    #expect(disks[0].bytes.count == Self.image.count)
    #expect(disks[1].bytes == Self.image, "the read-only disk")
    #expect(disks[2].bytes == Self.image, "the base of the snapshot")
    #expect(memory.videoBytes(1 << 16, at: 0).allSatisfy { $0 == 0 }, "video memory, where no device writes")
  }

  func hammer<Space>(_ space: Space.Type, _ start: Address<Space>, _ offsets: some Sequence<Int>) {
    for offset in offsets {
      for width in AccessWidth.allCases {
        for value in HostileAccessTests.values {
          write(value, width, to: start + offset)
          read(width, from: start + offset)
        }
      }
    }
  }

  func write<Space>(_ value: UInt64, _ width: AccessWidth, to address: Address<Space>) {
    if let port = address as? Port { bus.write(value, width, to: port) }
    if let address = address as? GuestAddress { bus.write(value, width, to: address) }
  }

  func read<Space>(_ width: AccessWidth, from address: Address<Space>) {
    if let port = address as? Port { _ = bus.read(width, from: port) }
    if let address = address as? GuestAddress { _ = bus.read(width, from: address) }
  }
}
