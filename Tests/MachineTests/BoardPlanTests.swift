import DeviceModel
import GuestRAM
import PCI
import PCIBus
import Primitives
import SystemBus
import TestSupport
import Testing

@testable import Machine

/// The plan of a board, which tables, trees and maps are made from, and the board itself.
@Suite struct BoardPlanTests {
  private static let image = TemporaryFile([UInt8](repeating: 0, count: 512))
  private static let code = TemporaryFile([UInt8](repeating: 0xF4, count: 1 << 16))
  private static let variables = TemporaryFile([UInt8](repeating: 0xFF, count: 1 << 16))

  private static let wishes: [@Sendable (inout Configuration) -> Void] = [
    { $0.kernel = image.path },
    {
      $0.kernel = image.path
      $0.memory = 5 << 30
      $0.display = .text
    },
    {
      $0.disks = (0..<Configuration.mostDisks).map { _ in Configuration.Disk(path: image.path) }
      for index in $0.disks.indices { $0.disks[index].isSnapshot = true }
      $0.display = .standard
    },
    {
      $0.firmware = .file(code.path)
      $0.firmwareVariables = variables.path
    },
  ]

  private func configuration(_ change: (inout Configuration) -> Void) -> Configuration {
    var configuration = Configuration()
    configuration.console = .none
    configuration.accelerator = .soft
    change(&configuration)
    return configuration
  }

  private func describe(_ placement: Placement) -> String { "\(placement)" }

  @Test("the board is as it was planned, and the plan for a map is that of the machine", arguments: wishes)
  func agreement(change: @Sendable (inout Configuration) -> Void) throws {
    let machine = try Machine(configuration(change))
    let plan = try BoardPlan(describing: machine.configuration)
    #expect(machine.board.targets.map { describe($0.placement) } == plan.placements.map(describe))
    #expect(machine.board.bridge.slots.map(\.address) == plan.functions.map(\.address))
    #expect(machine.board.bridge.slots.map(\.placement.name) == plan.functions.map(\.name))
    if machine.configuration.firmware == nil { machine.board.standInForFirmware(machine.configuration) }
    machine.memory.setShadow(machine.board.shadow)
    #expect(machine.memory.windows == plan.windows)
  }

  @Test("the tables tell of a keyboard only where there are keys to press")
  func keyboard() throws {
    func tells(_ change: (inout Configuration) -> Void) throws -> Bool {
      try BoardPlan(describing: configuration(change)).described.contains { $0.acpiID?.description == "PNP0303" }
    }
    #expect(try !tells(Self.wishes[0]))
    #expect(try tells(Self.wishes[1]))
    #expect(try tells { $0.keys = "keys.txt" })
  }

  @Test("each function of PCI has its slot, whatever else is on the board")
  func fixedSlots() throws {
    let few = try BoardPlan(describing: configuration(Self.wishes[0]))
    let many = try BoardPlan(describing: configuration(Self.wishes[2]))
    #expect(few.console.address == many.console.address && few.entropy.address == many.entropy.address)
    #expect(Set(many.functions.map(\.address)).count == many.functions.count)
  }

  @Test("A10 a map is made of wishes alone: nothing that they name has to be there, and no memory either")
  func nothingOpened() throws {
    let lines = try MachineMap.report(
      configuration {
        $0.kernel = "/nowhere/vmlinuz"
        $0.disks = [Configuration.Disk(path: "/nowhere/disk.img")]
        $0.console = .file("/nowhere/log")
        $0.trace = .init(events: [], file: "/nowhere/trace")
        $0.debugger = "/nowhere/socket"
        $0.memory = 1 << 40
      })
    #expect(lines.contains("  00:02.0              virtio-blk0"))
  }
}
