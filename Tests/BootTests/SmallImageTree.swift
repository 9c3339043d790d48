import Host
import Primitives

/// A FIT image of a kernel and whatever else a test wants, which may lie.
struct SmallImageTree {
  struct Image {
    var type = "kernel"
    var data: [UInt8]?
    var compression = "none"
    var architecture = "x86_64"
    /// Algorithm and value of each hash node.
    var hashes: [(algorithm: String, value: [UInt8]?)] = []
    /// Where the data are instead, as properties.
    var place: [(property: String, value: UInt32)] = []
  }

  var images: [(name: String, image: Image)] = []
  var configuration: [(property: String, image: String)] = [("kernel", "kernel-1")]
  var defaultName: String? = "conf-1"
  var hasImages = true
  var hasConfigurations = true

  init(kernel: Image) { images = [("kernel-1", kernel)] }
  init(kernel: [UInt8]) { self.init(kernel: Image(data: kernel)) }

  /// A second part that the configuration names.
  mutating func add(_ property: String, _ image: Image) {
    images.append(("\(property)-1", image))
    configuration.append((property, "\(property)-1"))
  }

  var bytes: [UInt8] {
    var tree = DeviceTreeWriter()
    tree.set("description", "a test")
    if hasImages {
      tree.node("images") { node in for (name, image) in images { node.node(name) { Self.write(image, to: &$0) } } }
    }
    if hasConfigurations {
      tree.node("configurations") { node in
        if let defaultName { node.set("default", defaultName) }
        node.node("conf-1") { node in for (property, image) in configuration { node.set(property, image) } }
      }
    }
    return tree.finish() ?? []
  }

  private static func write(_ image: Image, to node: inout DeviceTreeWriter) {
    if let data = image.data { node.set("data", bytes: data) }
    for (property, value) in image.place { node.set(property, value) }
    node.set("type", image.type)
    node.set("arch", image.architecture)
    node.set("compression", image.compression)
    for (number, hash) in image.hashes.enumerated() {
      node.node("hash-\(number + 1)") { node in
        node.set("algo", hash.algorithm)
        if let value = hash.value { node.set("value", bytes: value) }
      }
    }
  }
}
