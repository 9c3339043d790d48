/// One compressed stream being unpacked.
protocol Codec: AnyObject {
  /// Takes what it can from the front of `input` and appends at most `limit` bytes to `output`.
  /// It stops only at a full output, where it needs more input, or at the end.
  func step(_ input: inout ArraySlice<UInt8>, into output: inout [UInt8], limit: Int) -> CodecStep
}

enum CodecStep: Equatable {
  case more
  /// Nothing is done before at least so many bytes follow.
  case needs(Int)
  /// Over, if no input follows.
  case pause
  case end
  case damaged
}

extension [UInt8] {
  /// Appends what a C library writes into room for `limit` bytes; it returns how many these are.
  mutating func append(limit: Int, _ produce: (UnsafeMutableBufferPointer<UInt8>) -> Int) {
    append(addingCapacity: limit) { room in
      unsafe room.withUnsafeMutableBufferPointer { buffer, count in
        count = unsafe Swift.min(produce(UnsafeMutableBufferPointer(rebasing: buffer.prefix(limit))), limit)
      }
    }
  }
}
