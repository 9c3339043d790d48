internal import Host
internal import Machine

/// The modules that belong to a kernel.
struct ModuleTree {
  private static let sizeLimit: UInt64 = 256 << 20

  /// Nil where the kernel comes without any.
  let folder: String?
  /// In the order in which the kernel prefers them.
  let names: [String]
  /// Where each is, by its name.
  private let paths: [String: String]
  let builtIn: Set<String>

  /// - Parameter wish: the folder that the user named.
  init(of kernel: KernelFile, _ wish: String?) throws(MachineError) {
    folder = Self.find(kernel, wish)
    if let wish, folder == nil {
      throw MachineError("--modules \(wish): there is no modules.order in this folder, nor in lib/modules/\(kernel.release ?? "VERSION") below it.")
    }
    let order = folder.flatMap { Self.lines("\($0)/modules.order") } ?? []
    names = order.map(Self.name)
    paths = Dictionary(zip(names, order)) { first, _ in first }
    builtIn = Set((folder.flatMap { Self.lines("\($0)/modules.builtin") } ?? []).map(Self.name))
  }

  private static func find(_ kernel: KernelFile, _ wish: String?) -> String? {
    let releases = kernel.release.map { release in ["/lib/modules/\(release)", "/usr/lib/modules/\(release)"] } ?? []
    let parts = kernel.path.split(separator: "/", omittingEmptySubsequences: false)
    // A path without a slash is one in the working folder.
    let home = parts.count == 1 ? "." : parts.dropLast().joined(separator: "/")
    let candidates =
      wish.map { wish in [wish] + releases.map { wish + $0 } }
      ?? [home] + [home, "\(home)/.."].flatMap { place in releases.map { place + $0 } } + ["\(home)/../../.."] + releases
    return candidates.first { (try? HostFile(path: "\($0)/modules.order")) != nil }
  }

  private static func lines(_ path: String) -> [String]? {
    guard let bytes = try? HostFile(path: path).contents(limit: 64 << 20) else { return nil }
    return String(decoding: bytes, as: UTF8.self).split(separator: "\n").map(String.init)
  }

  /// `kernel/fs/fuse/virtio-fs.ko` is `virtio_fs`.
  static func name(_ path: String) -> String { underscored((path.split(separator: "/").last ?? "").prefix { $0 != "." }) }

  /// Names of modules are the same with either.
  static func underscored(_ name: Substring) -> String { String(name.map { $0 == "-" ? "_" : $0 }) }

  /// The modules that have to be loaded for these, with all that they need, in order; without those that are built in.
  func closure(of names: [(name: String, option: String)]) throws(MachineError) -> [Module] {
    var modules: [Module] = []
    var seen: Set<String> = []
    // A kernel without modules has everything built in, or the guest will say what it lacks.
    guard let folder else { return [] }
    for (name, option) in names {
      guard paths[name] != nil || builtIn.contains(name) else {
        throw MachineError("the kernel has no \(name), neither built in nor below \(folder): it needs \(option)=y or m.")
      }
      try add(name, to: &modules, &seen)
    }
    return modules
  }

  private func add(_ name: String, to modules: inout [Module], _ seen: inout Set<String>) throws(MachineError) {
    guard seen.insert(name).inserted, !builtIn.contains(name) else { return }
    let module = try module(name)
    for other in module.facts.needed { try add(other, to: &modules, &seen) }
    modules.append(module)
  }

  /// Where a module is in the folder, packed or not; nil if it is not there.
  func path(of name: String) -> String? { file(of: name)?.path }

  func module(_ name: String) throws(MachineError) -> Module {
    guard let place = paths[name] else { throw MachineError("\(folder ?? ""): the module \(name) is not there, which another needs.") }
    guard let file = file(of: name)?.file else { throw MachineError("\(folder ?? "")/\(place): the module is not there, though modules.order lists it.") }
    do throws(FileError) {
      let format = Compression(try file.bytes(at: 0, count: 8))
      let whole = try format.map { (format) throws(FileError) in try file.unpacked(at: 0, count: file.size, as: format, limit: Self.sizeLimit) }
      return Module(name: name, content: try (whole ?? file).contents(limit: Self.sizeLimit))
    } catch { throw MachineError("\(error).") }
  }

  private func file(of name: String) -> (path: String, file: HostFile)? {
    guard let folder, let stem = paths[name]?.prefix(while: { $0 != "." }) else { return nil }
    return [".ko", ".ko.zst", ".ko.xz", ".ko.gz"].lazy.compactMap { suffix in
      (try? HostFile(path: "\(folder)/\(stem)\(suffix)")).map { ("\(stem)\(suffix)", $0) }
    }.first
  }
}
