import Host
import Machine
@testable import Run
import TestSupport
import Testing

@Suite("The modules of a kernel")
struct ModuleTreeTests {
  /// A folder with a kernel that has these modules, each with what it needs.
  private func kernel(_ modules: [(path: String, needs: String)], builtIn: [String] = []) throws -> (TemporaryFolder, KernelFile) {
    let folder = TemporaryFolder()
    folder.write("no bzImage", to: "vmlinux")
    for (path, needs) in modules { folder.write("\0license=GPL\0depends=\(needs)\0name=x\0", to: path) }
    folder.write(modules.map(\.path).joined(separator: "\n") + "\n", to: "modules.order")
    folder.write(builtIn.joined(separator: "\n"), to: "modules.builtin")
    return (folder, try KernelFile("\(folder.path)/vmlinux"))
  }

  @Test("each is loaded after what it needs, once, and what is built in is not")
  func order() throws {
    let (folder, kernel) = try kernel(
      [("virtio-fs.ko", "fuse,virtio"), ("fuse.ko", ""), ("virtio.ko", "virtio-ring"), ("virtio_ring.ko", ""), ("overlay.ko", "fuse")],
      builtIn: ["kernel/fs/built_in.ko"])
    defer { withExtendedLifetime(folder) {} }
    let tree = try ModuleTree(of: kernel, nil)
    let list = try tree.closure(of: [("virtio_fs", "CONFIG_A"), ("built_in", "CONFIG_B"), ("overlay", "CONFIG_C")])
    #expect(list.map(\.name) == ["fuse", "virtio_ring", "virtio", "virtio_fs", "overlay"])
  }

  @Test("a kernel that lacks something is refused by the name of its option")
  func lacking() throws {
    let (folder, kernel) = try kernel([("fuse.ko", "")])
    let tree = try ModuleTree(of: kernel, nil)
    let error = #expect(throws: MachineError.self) { try tree.closure(of: [("overlay", "CONFIG_OVERLAY_FS")]) }
    #expect(error?.message == "the kernel has no overlay, neither built in nor below \(folder.path): it needs CONFIG_OVERLAY_FS=y or m.")
  }

  @Test("packed ones are unpacked", arguments: [("gzip -n", "gz"), ("xz --check=crc32", "xz"), ("zstd -q", "zst")])
  func packed(_ program: String, _ suffix: String) throws {
    let (folder, kernel) = try kernel([("fuse.ko", "other"), ("other.ko", "")])
    let packing = ChildProcess.run("/bin/sh", ["-c", "cd \(folder.path) && \(program) < fuse.ko > fuse.ko.\(suffix) && rm fuse.ko"])
    #expect(packing.status == 0, "\(packing.errors)")
    let list = try ModuleTree(of: kernel, nil).closure(of: [("fuse", "CONFIG_FUSE_FS")])
    #expect(list.map(\.name) == ["other", "fuse"])
    #expect(list[1].content.count == 34)
  }

  @Test("modules that need each other, or say nothing about it, are loaded all the same")
  func circles() throws {
    let (folder, kernel) = try kernel([("a.ko", "b"), ("b.ko", "a")])
    defer { withExtendedLifetime(folder) {} }
    #expect(try ModuleTree(of: kernel, nil).closure(of: [("a", "CONFIG_A")]).map(\.name) == ["b", "a"])
    for bytes in ["", "depends=", "depends=a", "\0depends=", "\0depend", "xdepends=a"] {
      #expect(Module(name: "m", content: Array(bytes.utf8)).facts.needed == (bytes == "depends=a" ? ["a"] : []))
    }
  }

  @Test("a folder without modules is refused")
  func noModules() throws {
    let (folder, kernel) = try kernel([])
    #expect(throws: MachineError.self) { try ModuleTree(of: kernel, "\(folder.path)/nothing") }
  }
}
