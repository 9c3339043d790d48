@testable import Run
import TestSupport
import Testing

/// The lists are read by kmod's own `modprobe`.
@Suite("The lists of modules for a guest's modprobe", .enabled(if: Modprobe.isInstalled, "modprobe (kmod) is not installed"))
struct ModuleIndexTests {
  private let root = TemporaryFolder()
  private let text: [String: String]

  init() throws {
    let modules = [
      ("kernel/fs/ext4.ko", "depends=mbcache,jbd2\0alias=fs-ext4\0alias=ext3\0softdep=pre: mbcache"), ("kernel/fs/jbd2.ko", "depends=crc-16"),
      ("kernel/fs/mbcache.ko", "depends="), ("kernel/lib/crc-16.ko", "depends="), ("kernel/net/virtio_net.ko", "depends=\0alias=virtio:d00000001v*"),
      ("kernel/net/virtio-vsock.ko", "depends=\0alias=virtio:d0000001[3-4]v*"), ("kernel/a/circle-a.ko", "depends=circle_b"),
      ("kernel/a/circle-b.ko", "depends=circle-a"),
    ]
    let place = "lib/modules/1.0"
    for folder in ["fs", "lib", "net", "a"] { _ = ChildProcess.run("/bin/mkdir", ["-p", "\(root.path)/\(place)/kernel/\(folder)"]) }
    for (path, facts) in modules { root.write("\0\(facts)\0", to: "\(place)/\(path)") }
    root.write(modules.map(\.0).joined(separator: "\n"), to: "\(place)/modules.order")
    root.write("kernel/drivers/virtio/virtio-ring.ko\n", to: "\(place)/modules.builtin")
    root.write("no bzImage", to: "\(place)/vmlinux")
    let index = ModuleIndex(try ModuleTree(of: KernelFile("\(root.path)/\(place)/vmlinux"), nil))
    for (name, bytes) in index.files { root.write(bytes, to: "\(place)/\(name)") }
    text = index.files.mapValues { String(decoding: $0, as: UTF8.self) }
  }

  /// The names of the modules that would be loaded, in order.
  private func load(_ name: String) -> [String] {
    let end = ChildProcess.run(Modprobe.program, ["-C", "/nowhere", "-d", root.path, "-S", "1.0", "--show-depends", name])
    return end.output.split(separator: "\n").map { line in
      let words = line.split(separator: " ")
      return words[0] == "builtin" ? "builtin" : String(words[1].split(separator: "/").last ?? "")
    }
  }

  @Test("a module is loaded after all that it needs")
  func order() {
    let order = load("ext4")
    let places = ["crc-16.ko", "jbd2.ko", "ext4.ko"].compactMap(order.firstIndex)
    #expect(Set(order) == ["mbcache.ko", "crc-16.ko", "jbd2.ko", "ext4.ko"] && places.count == 3 && places == places.sorted() && order.last == "ext4.ko")
    #expect(load("crc_16") == ["crc-16.ko"] && load("crc-16") == ["crc-16.ko"])
    #expect(load("circle-a").contains("circle-a.ko"), "modules that need each other")
  }

  @Test("it is found by what it drives, also with sets and stars")
  func aliases() {
    #expect(load("fs-ext4").last == "ext4.ko" && load("ext3").last == "ext4.ko")
    #expect(load("virtio:d00000001v00001AF4") == ["virtio_net.ko"])
    #expect(load("virtio:d00000013v00001AF4") == ["virtio-vsock.ko"])
    #expect(load("virtio:d00000015v00001AF4").isEmpty && load("nothing").isEmpty)
  }

  @Test("what is built in is there already")
  func builtIn() { #expect(load("virtio_ring") == ["builtin"] && load("virtio-ring") == ["builtin"]) }

  @Test("the same is there as text, for busybox")
  func asText() {
    #expect(text["modules.dep"]?.contains("kernel/fs/ext4.ko: kernel/fs/mbcache.ko kernel/fs/jbd2.ko kernel/lib/crc-16.ko\n") == true)
    #expect(text["modules.alias"]?.contains("alias fs_ext4 ext4\n") == true)
    #expect(text["modules.softdep"] == "softdep ext4 pre: mbcache\n")
  }

  @Test("a word that is none leads nowhere, and one of any length ends")
  func words() {
    var index = WordIndex()
    let empty = index.bytes
    for word in ["ä", "a\0b", String(repeating: "x", count: 100_000)] { index.add(word, "value") }
    #expect(index.bytes == empty && empty.count == 12)
  }
}

enum Modprobe {
  static let program = "/sbin/modprobe"
  static let isInstalled = ChildProcess.run("/bin/test", ["-x", program]).status == 0
}
