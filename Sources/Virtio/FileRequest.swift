public import DeviceModel

/// One message of the guest's file system driver for whoever serves the files, and the place for the answer.
public struct FileRequest: Sendable {
  /// Names the request to `complete`.
  public let token: UInt64
  let chain: DescriptorChain

  /// How long the message is.
  public var count: Int { chain.readableCount }
  /// How long the answer may be.
  public var room: Int { chain.writableCount }

  /// A private copy of the message's first bytes; nil if the guest has taken its memory away.
  public func message(upTo limit: Int, from memory: any RingMemory) -> [UInt8]? { try? chain.bytes(upTo: limit, from: memory) }

  /// Puts the answer where the guest wants it; returns how much of it there was room for.
  public func answer(_ bytes: [UInt8], to memory: any RingMemory) -> Int { (try? chain.write(bytes, to: memory)) ?? 0 }
}
