import Host
import Machine
import Testing

@Suite("The board as a device tree")
struct BoardTreeTests {
  private func tree(_ change: (inout Configuration) -> Void = { _ in }) throws -> DeviceTree {
    var configuration = Configuration()
    configuration.console = .none
    change(&configuration)
    return try DeviceTree(try MachineMap.tree(configuration))
  }

  @Test("each processor is there, and all of the memory")
  func resources() throws {
    let tree = try tree {
      $0.processors = 3
      $0.memory = 4 << 30
    }
    let cpus = try #require(tree.child("cpus", of: DeviceTree.root))
    #expect(tree.children(of: cpus).map(\.name) == ["cpu@0", "cpu@1", "cpu@2"])
    let memory = try #require(tree.child("memory@0", of: DeviceTree.root))
    let cells = try #require(tree.place(of: "reg", in: memory))
    #expect(cells.count == 32)
    #expect(Array(tree.bytes[cells].suffix(4)) == [0x80, 0, 0, 0])
  }

  @Test("the serial port has its ports, its interrupt and its name")
  func serialPort() throws {
    let tree = try tree()
    let bus = try #require(tree.child("isa", of: DeviceTree.root))
    let serial = try #require(tree.child("com1@i3f8", of: bus))
    #expect(tree.string("compatible", in: serial) == "pnpPNP,501")
    let place = try #require(tree.place(of: "reg", in: serial))
    #expect(Array(tree.bytes[place]) == [0, 0, 0, 1, 0, 0, 3, 0xF8, 0, 0, 0, 8])
    #expect(tree.number("interrupts", in: serial) == 4 << 32)
  }
}
