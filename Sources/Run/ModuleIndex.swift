internal import Sharing

/// The lists by which `modprobe` finds modules: what `depmod` makes of them where a kernel is installed. A kernel's package that was
/// only unpacked, and a build tree, are without.
struct ModuleIndex {
  /// As text for busybox, and as an index for kmod.
  private static let names = ["modules.dep", "modules.dep.bin", "modules.alias", "modules.alias.bin", "modules.softdep", "modules.builtin.bin"]

  /// The lists, which are made when the guest looks for one: every module has to be read for them.
  static func files(of tree: ModuleTree) -> AddedFiles { AddedFiles(names) { ModuleIndex(tree).files } }

  private var dependencies: [(path: String, needed: [String])] = []
  private var aliases: [(alias: String, module: String)] = []
  private var softDependencies: [(module: String, others: String)] = []
  private let builtIn: [String]

  init(_ tree: ModuleTree) {
    builtIn = tree.builtIn.sorted()
    var facts: [String: ModuleFacts] = [:]
    for name in tree.names { facts[name] = (try? tree.module(name))?.facts }
    for name in tree.names {
      guard let path = tree.path(of: name), let own = facts[name] else { continue }
      dependencies.append((path, Self.needed(by: name, facts).compactMap(tree.path)))
      aliases += own.aliases.map { (Self.normal($0), name) }
      softDependencies += own.softDependencies.map { (name, $0) }
    }
  }

  /// All that a module needs, in the order in which it is unloaded: what needs others comes before them.
  private static func needed(by name: String, _ facts: [String: ModuleFacts]) -> [String] {
    var order: [String] = []
    var seen: Set<String> = [name]
    // What is still to be looked at; a module that is met again after all that it needs has its place.
    var waiting = (facts[name]?.needed ?? []).map { (name: $0, isDone: false) }
    while let next = waiting.popLast() {
      if next.isDone {
        order.append(next.name)
      } else if seen.insert(next.name).inserted {
        waiting.append((next.name, true))
        waiting += (facts[next.name]?.needed ?? []).map { ($0, false) }
      }
    }
    return order.reversed()
  }

  /// As modprobe looks for it: a name with underscores, but not in a set of letters.
  private static func normal(_ alias: String) -> String {
    var isInSet = false
    return String(
      alias.map { letter in
        if letter == "[" || letter == "]" { isInSet = letter == "[" }
        return letter == "-" && !isInSet ? "_" : letter
      })
  }

  var files: [String: [UInt8]] {
    var (ways, names, kernels) = (WordIndex(), WordIndex(), WordIndex())
    var (wayLines, nameLines, softLines) = ("", "", "")
    for (path, needed) in dependencies {
      let line = ([path + ":"] + needed).joined(separator: " ")
      ways.add(ModuleTree.name(path), line)
      wayLines += line + "\n"
    }
    for (alias, module) in aliases {
      names.add(alias, module)
      nameLines += "alias \(alias) \(module)\n"
    }
    for (module, others) in softDependencies { softLines += "softdep \(module) \(others)\n" }
    for module in builtIn { kernels.add(module, "") }
    return [
      "modules.dep": Array(wayLines.utf8), "modules.dep.bin": ways.bytes, "modules.alias": Array(nameLines.utf8), "modules.alias.bin": names.bytes,
      "modules.softdep": Array(softLines.utf8), "modules.builtin.bin": kernels.bytes,
    ]
  }
}
