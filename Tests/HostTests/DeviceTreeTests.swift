import Host
import Testing

@Suite struct DeviceTreeTests {
  /// A tree of `depth` nameless nodes inside each other.
  static func tree(depth: Int) -> [UInt8] {
    var structure = [UInt32](repeating: 0, count: 0)
    for _ in 0..<depth { structure += [1, structure.isEmpty ? 0 : 0x6100_0000] }
    structure += [UInt32](repeating: 2, count: depth) + [9]
    let size = UInt32(structure.count * 4)
    let header: [UInt32] = [0xD00D_FEED, 56 + size, 56, 56 + size, 40, 17, 16, 0, 0, size]
    return (header + [0, 0, 0, 0] + structure).flatMap { word in
      (0..<4).map { UInt8(truncatingIfNeeded: word >> (24 - 8 * UInt32($0))) }
    }
  }

  @Test func a_sound_tree_is_taken_without_what_follows_it() throws {
    let tree = Self.tree(depth: 3)
    #expect(try DeviceTree(tree + [1, 2, 3]).bytes == tree)
  }

  @Test("DT-01 a tree cut off at any length is refused")
  func cutOff() {
    let tree = Self.tree(depth: 3)
    for length in 0..<tree.count { #expect(throws: DeviceTree.Flaw.header) { try DeviceTree(Array(tree.prefix(length))) } }
  }

  @Test("DT-01 a tree without an end is refused")
  func noEnd() {
    var tree = Self.tree(depth: 3)
    tree[tree.count - 1] = 4
    #expect(throws: DeviceTree.Flaw.structure) { try DeviceTree(tree) }
  }

  @Test("DT-01 a tree that nests without bound is refused")
  func tooDeep() {
    #expect(throws: DeviceTree.Flaw.tooDeep) { try DeviceTree(Self.tree(depth: 100_000)) }
  }
}
