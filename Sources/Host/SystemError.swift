import CLinux

/// What the host answered to a call that failed.
public struct SystemError: Error, Equatable, Sendable, CustomStringConvertible {
  public let code: Int32

  public init(code: Int32) { self.code = code }

  /// - Parameter result: of a call; an error is its number below zero.
  @discardableResult
  static func check<T: SignedInteger>(_ result: T) throws(SystemError) -> T {
    guard result >= 0 else { throw SystemError(code: Int32(truncatingIfNeeded: -result)) }
    return result
  }

  /// The host's own words, without a capital or a full stop, to end a sentence with.
  public var description: String {
    guard let text = unsafe linux_error_text(code) else { return "host error \(code)" }
    let words = unsafe String(cString: text)
    // "Is a directory" joins a sentence, "RFS specific error" keeps its letters.
    let second = words.dropFirst().first
    guard let first = words.first, second?.isLowercase == true || second == " " else { return words }
    return first.lowercased() + words.dropFirst()
  }
}
