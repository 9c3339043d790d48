/// Bytes between guest memory and places in a core's block.
extension Core {
  /// Copies guest memory to a place in the block.
  func read(_ address: UInt64, _ count: Int, to place: Int) throws(Fault) {
    if let p = unsafe readHost(address, count) {
      unsafe (base + place).copyMemory(from: p, byteCount: count)
      return
    }
    try probe(address, count, write: false)
    var done = 0
    while done < count {
      let piece = Self.piece(count - done)
      let value = try readPiece(address &+ UInt64(done), piece)
      for k in 0..<piece { store(UInt8(truncatingIfNeeded: value >> UInt64(8 * k)), at: place + done + k) }
      done += piece
    }
  }

  /// Copies a place in the block to guest memory, all of it or nothing.
  func write(_ address: UInt64, _ count: Int, from place: Int) throws(Fault) {
    if let p = unsafe writeHost(address, count) {
      unsafe p.copyMemory(from: base + place, byteCount: count)
      return
    }
    try probe(address, count, write: true)
    var done = 0
    while done < count {
      let piece = Self.piece(count - done)
      var value: UInt64 = 0
      for k in 0..<piece { value |= UInt64(load(place + done + k, as: UInt8.self)) << UInt64(8 * k) }
      try writePiece(address &+ UInt64(done), value, piece)
      done += piece
    }
  }

  /// 16 bytes from one place in the block to another.
  @inline(__always) func copyPair(_ source: Int, _ target: Int) {
    let pair = load(source, as: SIMD2<UInt64>.self)
    store(pair, at: target)
  }

  /// The largest power of two, to 8, that is left to do.
  private static func piece(_ left: Int) -> Int { left >= 8 ? 8 : left >= 4 ? 4 : left >= 2 ? 2 : 1 }
}
