import Boot
import GuestRAM
import Primitives
import Processor
import TestSupport
import Testing

@Suite("FIT images")
struct FlatImageTests: KernelLoading {
  typealias Image = SmallImageTree.Image
  private let kernel = SmallLinux.make()
  let memory: GuestMemory

  init() throws { memory = try GuestMemory(size: 32 << 20) }

  private func expectKernel() throws {
    #expect(try memory.bytes(4096, at: 0x100_0000) == Array(kernel[SmallLinux.kernelOffset...]))
  }

  /// The image is refused by the name of this field.
  private func expectRefusal(_ field: String, _ bytes: [UInt8], _ location: SourceLocation = #_sourceLocation) {
    let error = #expect(throws: LoadError.self, sourceLocation: location) { try boot(bytes) }
    guard case .field(_, let name, _)? = error else {
      Issue.record("\(String(describing: error))", sourceLocation: location)
      return
    }
    #expect(name == field, sourceLocation: location)
  }

  @Test("the default configuration's kernel starts as it would alone")
  func plain() throws {
    let state = try boot(SmallImageTree(kernel: kernel).bytes)
    #expect(state.rip == 0x100_0200)
    try expectKernel()
  }

  @Test("a compressed kernel is unpacked")
  func compressed() throws {
    let image = Image(data: Gzip.stored(kernel), compression: "gzip")
    try boot(SmallImageTree(kernel: image).bytes)
    try expectKernel()
  }

  @Test("without a default the first configuration counts")
  func firstConfiguration() throws {
    var tree = SmallImageTree(kernel: kernel)
    tree.defaultName = nil
    try boot(tree.bytes)
    try expectKernel()
  }

  @Test("data beside the tree are found by offset and by position", arguments: ["data-offset", "data-position"])
  func external(property: String) throws {
    var image = Image()
    image.place = [(property, 0), ("data-size", UInt32(kernel.count))]
    let size = (SmallImageTree(kernel: image).bytes.count + 3) & ~3
    if property == "data-position" { image.place[0].value = UInt32(size) }
    let tree = SmallImageTree(kernel: image).bytes
    try boot(tree + [UInt8](repeating: 0, count: size - tree.count) + kernel)
    try expectKernel()
  }

  @Test("the image's RAM disk and device tree reach the kernel, unless the user has others")
  func parts() throws {
    var tree = SmallImageTree(kernel: kernel)
    tree.add("ramdisk", Image(type: "ramdisk", data: [1, 2, 3], compression: "gzip"))
    tree.add("fdt", Image(type: "flat_dt", data: SmallImageTree(kernel: []).bytes))
    try boot(tree.bytes)
    #expect(try memory.load(UInt32.self, at: 0x721C) == 3)
    #expect(try memory.bytes(3, at: 0x1FF_F000) == [1, 2, 3])
    let node = GuestAddress(try memory.load(UInt64.self, at: 0x7250))
    #expect(try memory.load(UInt32.self, at: node + 8) == 2)
    #expect(try memory.bytes(4, at: node + 16) == [0xD0, 0x0D, 0xFE, 0xED])

    let other = TemporaryFile([9, 9])
    try boot(tree.bytes) { $0.initrd = other.path }
    #expect(try memory.load(UInt32.self, at: 0x721C) == 2)
  }

  @Test("right hashes are accepted")
  func hashes() throws {
    var image = Image(data: kernel)
    image.hashes = try Hashes.of(kernel)
    try boot(SmallImageTree(kernel: image).bytes)
    try expectKernel()
  }

  @Test("DT-01 a hash that is wrong, cut off, missing or unknown is refused by its name", arguments: 0..<3)
  func wrongHash(index: Int) throws {
    var image = Image(data: kernel)
    let right = try Hashes.of(kernel)[index]
    for value in [right.value.map { [$0[0] ^ 1] + $0[1...] }, right.value.map { Array($0.dropLast()) }, nil, []] {
      image.hashes = [(right.algorithm, value)]
      expectRefusal("/images/kernel-1/hash-1/value", SmallImageTree(kernel: image).bytes)
    }
    image.hashes = [("rot13", [1])]
    expectRefusal("/images/kernel-1/hash-1/algo", SmallImageTree(kernel: image).bytes)
  }

  @Test("DT-01 a lying image is refused by the name of its field")
  func lies() {
    func tree(_ change: (inout SmallImageTree) -> Void) -> [UInt8] {
      var tree = SmallImageTree(kernel: kernel)
      change(&tree)
      return tree.bytes
    }
    expectRefusal("/images", tree { $0.hasImages = false })
    expectRefusal("/configurations", tree { $0.hasConfigurations = false })
    expectRefusal("/configurations/conf-9", tree { $0.defaultName = "conf-9" })
    expectRefusal("/configurations/../images", tree { $0.defaultName = "../images" })
    expectRefusal("/configurations/conf-1/kernel", tree { $0.configuration = [] })
    expectRefusal("/images/kernel-9", tree { $0.configuration = [("kernel", "kernel-9")] })
    expectRefusal("/images/kernel-1/type", tree { $0.images[0].image.type = "ramdisk" })
    expectRefusal("/images/kernel-1/arch", tree { $0.images[0].image.architecture = "arm64" })
    expectRefusal("/images/kernel-1/compression", tree { $0.images[0].image.compression = "lzma" })
    expectRefusal("/images/kernel-1/data", tree { $0.images[0].image.data = [] })
    expectRefusal("/images/kernel-1/data", tree { $0.images[0].image.data = nil })
    expectRefusal("/images/fdt-1/data", tree { $0.add("fdt", Image(type: "flat_dt", data: [])) })
    expectRefusal("/images/ramdisk-1/type", tree { $0.add("ramdisk", Image(data: [1])) })
    expectRefusal("totalsize", tree { $0.add("fdt", Image(type: "flat_dt", data: [1, 2, 3])) })
  }

  @Test(
    "DT-01 data beside the tree that lead out of the file are refused",
    arguments: [
      (UInt32(0), UInt32.max), (.max, 1), (1 << 20, 1), (0, 0),
    ])
  func externalLies(start: UInt32, size: UInt32) {
    for property in ["data-offset", "data-position"] {
      var image = Image()
      image.place = [(property, start), ("data-size", size)]
      expectRefusal("/images/kernel-1/\(property)", SmallImageTree(kernel: image).bytes)
    }
  }

  @Test("DT-01 an image cut off at any length is refused")
  func cutOff() {
    let bytes = SmallImageTree(kernel: Array(kernel.prefix(64))).bytes
    for length in 0..<bytes.count { #expect(throws: LoadError.self) { try boot(Array(bytes.prefix(length))) } }
  }

  @Test("DT-01 a totalsize that lies is refused", arguments: [0, 39, 0x7FFF_FFFF, 0xFFFF_FFFF] as [UInt32])
  func totalSize(value: UInt32) {
    var bytes = SmallImageTree(kernel: kernel).bytes
    for i in 0..<4 { bytes[4 + i] = UInt8(truncatingIfNeeded: value >> (24 - 8 * UInt32(i))) }
    expectRefusal("totalsize", bytes)
  }

  @Test("DT-01 an image in an image is no kernel")
  func nested() {
    expectRefusal("the file", SmallImageTree(kernel: SmallImageTree(kernel: kernel).bytes).bytes)
    expectRefusal("the file", Gzip.stored(SmallImageTree(kernel: kernel).bytes))
  }
}
