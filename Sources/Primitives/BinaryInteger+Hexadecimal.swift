extension BinaryInteger {
  /// In hexadecimal, without a prefix; with zeroes in front up to so many digits.
  public func hex(digits: Int = 1) -> String {
    let text = String(self, radix: 16)
    return String(repeating: "0", count: Swift.max(0, digits - text.utf8.count)) + text
  }
}
