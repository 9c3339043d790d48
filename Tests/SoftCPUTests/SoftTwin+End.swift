@testable import SoftCPU

extension SoftTwin {
  /// INT3, which has no gate.
  static let breakpoint = Fault(vector: 13, code: 26)

  /// How code ended.
  struct End {
    /// Nil if it has not ended.
    var fault: Fault?
    var address: UInt64
    var state: OracleState
    var memory: [UInt8]

    /// The first general register that is another one in `other`.
    func firstOther(_ other: End, but ignored: Int? = nil) -> Int? {
      (0..<16).first { $0 != ignored && state.registers[$0] != other.state.registers[$0] }
    }

    func text(of k: Int, _ other: End, _ snippet: Snippet) -> String {
      "register \(k) is \(hex(other.state.registers[k])), should be \(hex(state.registers[k])), was \(hex(snippet.state.registers[k]))"
    }

    func flagsText(_ other: End, _ snippet: Snippet) -> String {
      "flags are \(hex(other.state.flags)), should be \(hex(state.flags)), were \(hex(snippet.state.flags)), undefined \(hex(snippet.undefinedFlags))"
    }

    /// The first byte of the vector unit's registers that is another one; the x87's last pointers do not count.
    func vectorDifference(_ other: End) -> String? {
      if state.image.isSame(as: other.state.image), state.upper.isSame(as: other.state.upper) { return nil }
      let (a, b) = (VectorTests.visible(state), VectorTests.visible(other.state))
      if let place = a.image.indices.first(where: { a.image[$0] != b.image[$0] }) {
        return "byte \(place) of the FXSAVE image is \(b.image[place]), should be \(a.image[place])"
      }
      guard let place = a.upper.indices.first(where: { a.upper[$0] != b.upper[$0] }) else { return nil }
      return "byte \(place) of the upper halves is \(b.upper[place]), should be \(a.upper[place])"
    }

    /// What FNSAVE and its like tell of the last x87 instruction.
    var lastPointers: [UInt8] { Array(state.image[6..<24]) }

    func memoryDifference(_ other: End) -> String? {
      guard !memory.isSame(as: other.memory), let place = memory.indices.first(where: { memory[$0] != other.memory[$0] }) else { return nil }
      return "memory at +\(hex(UInt64(place))) is \(other.memory[place]), should be \(memory[place])"
    }

    private func hex(_ value: UInt64) -> String { String(value, radix: 16) }
  }
}
