internal import Glibc
internal import Host

/// The files that the driver knows by number, and how they are found again on the host.
///
/// Descriptors are few and files many: a file's descriptor is kept while it is used, and found again by its place below its
/// folder otherwise. What has another identity by then is another file, and the old one is stale. What the guest has removed
/// while it uses it has no place any more and keeps its descriptor.
struct NodeTable {
  struct Node {
    /// The folder where it was last seen, and by which name there.
    var folder: UInt64
    var name: [UInt8]
    let identity: FileStatus.Identity
    let share: Int
    /// A file system of the host's kernel, such as /proc, begins here: nothing in it is shown.
    let isSealed: Bool
    var lookUps: UInt64 = 0
    var kept: HostNode?
  }

  /// A file as a share shows it: what two shares have in common, the guest knows by two numbers.
  private struct Sight: Hashable {
    let share: Int
    let identity: FileStatus.Identity
  }

  /// The folder with the shares, which is nowhere on the host.
  static let top: UInt64 = 1
  private static let nodeLimit = 1 << 20
  private static let keptLimit = 1024
  private static let recentLimit = 256
  private static let depthLimit = 4096

  private var nodes: [UInt64: Node] = [:]
  private var numbers: [Sight: UInt64] = [:]
  private var lastNumber = top
  private var keptCount = 0
  /// Descriptors that can be found again, each with the moment of its last use.
  private var recent: [UInt64: (node: HostNode, use: UInt64)] = [:]
  private var lastUse: UInt64 = 0

  subscript(_ number: UInt64) -> Node? { nodes[number] }

  /// The number of a share's own folder, which the driver may always use.
  mutating func addShare(_ node: HostNode, _ status: FileStatus, index: Int) -> UInt64 {
    lastNumber += 1
    nodes[lastNumber] = Node(folder: Self.top, name: [], identity: status.identity, share: index, isSealed: false, lookUps: 1, kept: node)
    numbers[Sight(share: index, identity: status.identity)] = lastNumber
    return lastNumber
  }

  /// The number of a file that was found in a folder, which the driver now knows once more.
  mutating func add(_ host: HostNode, _ status: FileStatus, named name: [UInt8], in folder: UInt64) throws(SystemError) -> UInt64 {
    guard let parent = nodes[folder] else { throw SystemError(code: ESTALE) }
    let sight = Sight(share: parent.share, identity: status.identity)
    if let number = numbers[sight] {
      nodes[number]?.lookUps += 1
      // A share's own folder stays where it is.
      if nodes[number]?.folder != Self.top { place(number, in: folder, name) }
      return number
    }
    guard nodes.count < Self.nodeLimit else { throw SystemError(code: ENFILE) }
    let isSealed = try Self.isOfKernel(host, status, in: parent)
    lastNumber += 1
    nodes[lastNumber] = Node(folder: folder, name: name, identity: status.identity, share: parent.share, isSealed: isSealed, lookUps: 1)
    numbers[sight] = lastNumber
    remember(host, as: lastNumber)
    return lastNumber
  }

  /// The known file of an identity, which now is there.
  mutating func move(_ identity: FileStatus.Identity, to folder: UInt64, _ name: [UInt8]) {
    if let number = self.number(identity, in: folder), nodes[number]?.folder != Self.top { place(number, in: folder, name) }
  }

  /// The number of a file by which the share of a folder knows it.
  private func number(_ identity: FileStatus.Identity, in folder: UInt64) -> UInt64? {
    nodes[folder].flatMap { numbers[Sight(share: $0.share, identity: identity)] }
  }

  private mutating func place(_ number: UInt64, in folder: UInt64, _ name: [UInt8]) {
    nodes[number]?.folder = folder
    nodes[number]?.name = name
  }

  /// The known file of an identity is about to lose its place in a folder.
  mutating func keep(_ host: HostNode, _ identity: FileStatus.Identity, in folder: UInt64) {
    guard let number = number(identity, in: folder), nodes[number]?.kept == nil, keptCount < Self.keptLimit else { return }
    nodes[number]?.kept = host
    keptCount += 1
  }

  mutating func forget(_ number: UInt64, _ count: UInt64) {
    guard let node = nodes[number], node.folder != Self.top else { return }
    guard node.lookUps <= count else {
      nodes[number]?.lookUps -= count
      return
    }
    if node.kept != nil { keptCount -= 1 }
    numbers[Sight(share: node.share, identity: node.identity)] = nil
    nodes[number] = nil
    recent[number] = nil
  }

  /// A descriptor of a known file.
  mutating func host(_ number: UInt64) throws(SystemError) -> HostNode {
    // From the file up to the first folder whose descriptor there is, then down again.
    var path: [UInt64] = []
    var current = number
    while true {
      guard let node = nodes[current] else { throw SystemError(code: path.isEmpty ? ENOENT : ESTALE) }
      if let kept = node.kept { return try open(path.reversed(), from: kept) }
      if let found = recent[current] {
        remember(found.node, as: current)
        return try open(path.reversed(), from: found.node)
      }
      guard path.count < Self.depthLimit else { throw SystemError(code: ESTALE) }
      path.append(current)
      current = node.folder
    }
  }

  private mutating func open(_ path: [UInt64], from start: HostNode) throws(SystemError) -> HostNode {
    var host = start
    for number in path {
      guard let node = nodes[number] else { throw SystemError(code: ESTALE) }
      host = try host.child(node.name)
      guard try host.status().identity == node.identity else { throw SystemError(code: ESTALE) }
      remember(host, as: number)
    }
    return host
  }

  private mutating func remember(_ host: HostNode, as number: UInt64) {
    lastUse += 1
    recent[number] = (host, lastUse)
    guard recent.count > Self.recentLimit else { return }
    forgetRecent(before: lastUse - UInt64(Self.recentLimit / 2))
  }

  /// Lets go of every descriptor that can be found again.
  mutating func forgetRecent() { recent = [:] }

  private mutating func forgetRecent(before use: UInt64) { recent = recent.filter { $0.value.use >= use } }

  /// Whether a file system has the kernel's own things in it instead of files: to read them may wait for ever, or do
  /// something.
  private static func isOfKernel(_ host: HostNode, _ status: FileStatus, in parent: Node) throws(SystemError) -> Bool {
    guard status.identity.mount != parent.identity.mount else { return false }
    return kernels.contains(try host.fileSystem())
  }

  /// proc, sysfs, devpts, debugfs, tracefs, securityfs, cgroups, bpf, pstore, efivarfs, selinux, binfmt_misc, mqueue, configfs,
  /// fusectl, nsfs, autofs and hugetlbfs, as linux/magic.h numbers them.
  private static let kernels: Set<Int64> = [
    0x9FA0, 0x6265_6572, 0x1CD1, 0x6462_6720, 0x7472_6163, 0x7363_6673, 0x27_E0EB, 0x6367_7270, 0xCAFE_4A11, 0x6165_676C, 0xDE5E_81E4,
    0xF97C_FF8C, 0x4249_4E4D, 0x1980_0202, 0x6265_6570, 0x6573_5543, 0x6E73_6673, 0x0187, 0x9584_58F6,
  ]
}
