import Host
import Primitives

/// A FIT image: a device tree whose nodes hold a kernel, an initial RAM disk and a device tree for it
/// (U-Boot, doc/usage/fit/source_file_format.rst).
struct FlatImageTree {
  /// What a configuration may name.
  enum Part: String {
    case kernel
    case ramdisk
    case deviceTree = "fdt"

    var type: String {
      switch self {
      case .kernel: "kernel"
      case .ramdisk: "ramdisk"
      case .deviceTree: "flat_dt"
      }
    }
  }

  enum Compression: String, CaseIterable { case none, gzip }

  /// One part's data as they lie in the file, checked against their hashes.
  struct Image {
    let source: Source
    let compression: Compression
    let path: String
  }

  /// The largest tree, with all data in it, that is taken.
  static let sizeLimit: UInt64 = 512 << 20

  private let source: Source
  private let tree: DeviceTree
  private let images: DeviceTree.Node
  private let configuration: DeviceTree.Node
  private let configurationPath: String

  init(_ source: Source) throws(LoadError) {
    self.source = source
    let header = try source.bytes(at: 0, count: 8)
    let total = header.dropFirst(4).reduce(0) { $0 << 8 | UInt64($1) }
    guard total >= 40, total <= source.size else { throw source.error("totalsize", "is not the size of the image tree") }
    guard total <= Self.sizeLimit else { throw source.error("totalsize", "is more than \(Self.sizeLimit) bytes") }
    let bytes = try source.bytes(at: 0, count: Int(total))
    do throws(DeviceTree.Flaw) { tree = try DeviceTree(bytes) } catch { throw LoadError(error, file: source.name) }

    guard let images = tree.child("images", of: DeviceTree.root) else {
      throw source.error("/images", "is not there: this is a device tree, but no image")
    }
    self.images = images
    guard let list = tree.child("configurations", of: DeviceTree.root) else {
      throw source.error("/configurations", "is not there")
    }
    let name: String
    if let chosen = tree.string("default", in: list) {
      name = chosen
    } else if let first = tree.children(of: list).first {
      name = first.name
    } else {
      throw source.error("/configurations", "is empty")
    }
    configurationPath = "/configurations/\(name)"
    guard let configuration = tree.child(name, of: list) else { throw source.error(configurationPath, "is not there") }
    self.configuration = configuration
  }

  /// What the configuration names as this part; nil if it names nothing.
  func image(_ part: Part) throws(LoadError) -> Image? {
    guard let name = tree.string(part.rawValue, in: configuration) else {
      guard part == .kernel else { return nil }
      throw source.error("\(configurationPath)/kernel", "is not there")
    }
    let path = "/images/\(name)"
    guard let node = tree.child(name, of: images) else { throw source.error(path, "is not there") }
    func refuse(_ field: String, _ problem: String) -> LoadError { source.error("\(path)/\(field)", problem) }

    let type = tree.string("type", in: node) ?? "nothing"
    // A kernel that needs no preparation has a type of its own.
    guard type == part.type || part == .kernel && type == "kernel_noload" else {
      throw refuse("type", "is \(type), not \(part.type)")
    }
    if let architecture = tree.string("arch", in: node), !["x86", "i386", "x86_64"].contains(architecture) {
      throw refuse("arch", "is \(architecture), not x86")
    }
    let packing = tree.string("compression", in: node) ?? "none"
    guard let compression = Compression(rawValue: packing) else {
      throw refuse("compression", "is \(packing), and only none and gzip are known")
    }
    let data = try data(of: node, path)
    try checkHashes(of: node, data, path)
    return Image(source: data, compression: compression, path: path)
  }

  /// The data in the tree, or beside it in the file.
  private func data(of node: DeviceTree.Node, _ path: String) throws(LoadError) -> Source {
    if let place = tree.place(of: "data", in: node) {
      guard !place.isEmpty else { throw source.error("\(path)/data", "is empty") }
      return Source(source.file, start: source.start + UInt64(place.lowerBound), size: UInt64(place.count))
    }
    guard let size = tree.number("data-size", in: node) else { throw source.error("\(path)/data", "is not there") }
    let start: UInt64
    let field: String
    if let position = tree.number("data-position", in: node) {
      (start, field) = (position, "data-position")
    } else if let offset = tree.number("data-offset", in: node) {
      let behind = UInt64(tree.bytes.count).roundedUp(toMultipleOf: 4)
      (start, field) = (offset.addingReportingOverflow(behind).overflow ? .max : offset + behind, "data-offset")
    } else {
      throw source.error("\(path)/data", "is not there")
    }
    guard size > 0, start <= source.size, size <= source.size - start else {
      throw source.error("\(path)/\(field)", "or data-size leads past the end of the file")
    }
    return Source(source.file, start: source.start + start, size: size)
  }

  /// Each hash node must agree; an image without any is taken as it is.
  private func checkHashes(of node: DeviceTree.Node, _ data: Source, _ path: String) throws(LoadError) {
    for (name, hash) in tree.children(of: node) where name.hasPrefix("hash") {
      let algorithm = tree.string("algo", in: hash) ?? "nothing"
      guard var digest = Digest(algorithm) else {
        let known = Digest.names.joined(separator: ", ")
        throw source.error("\(path)/\(name)/algo", "is \(algorithm), and only \(known) are known")
      }
      guard let place = tree.place(of: "value", in: hash) else {
        throw source.error("\(path)/\(name)/value", "is not there")
      }
      var offset: UInt64 = 0
      while offset < data.size {
        let bytes = try data.bytes(at: offset, count: 1 << 20)
        guard !bytes.isEmpty else { throw .file(FileError(path: source.name, .truncated)) }
        digest.update(bytes)
        offset += UInt64(bytes.count)
      }
      guard digest.finish() == Array(tree.bytes[place]) else {
        throw source.error("\(path)/\(name)/value", "is not the \(algorithm) of the data: the image is damaged")
      }
    }
  }
}
