internal import Primitives

/// Which lines about the devices are shown: never more than a few a second for each.
struct LineBudget: Sendable {
  /// The most lines that one device gets in one second.
  static let limit = 10
  private static let second: UInt64 = 1_000_000_000

  private struct Account: Sendable {
    var since: Instant
    var count = 0
    var suppressed = 0
  }

  private var accounts: [String: Account] = [:]

  /// The lines to show now, for one more complaint.
  mutating func lines(_ complaint: String, of device: String, at now: Instant) -> [String] {
    var account = accounts[device] ?? Account(since: now)
    var lines: [String] = []
    if now.nanoseconds &- account.since.nanoseconds >= Self.second {
      lines += Self.note(account, device)
      account = Account(since: now)
    }
    if account.count < Self.limit {
      account.count += 1
      lines.append("\(device): \(complaint).")
    } else {
      account.suppressed += 1
    }
    accounts[device] = account
    return lines
  }

  /// What was left out, at the end of the run.
  mutating func remainder() -> [String] {
    defer { accounts = [:] }
    return accounts.sorted { $0.key < $1.key }.flatMap { Self.note($0.value, $0.key) }
  }

  private static func note(_ account: Account, _ device: String) -> [String] {
    account.suppressed == 0 ? [] : ["\(device): \(account.suppressed) more lines like this were left out."]
  }
}
