extension Translator {
  /// A way out of a block, and what it is linked to.
  struct Edge {
    let target: UInt64
    let site: Int
    let stub: Int
    let isNear: Bool
    let savesFlags: Bool
    var isLinked = false
    var next = -1
  }
}
