import Glibc

/// What scripts/attack runs.
@main struct Main {
  static func main() {
    let words = Array(CommandLine.arguments.dropFirst())
    switch words.count {
    case 2...3:
      guard let seconds = seconds(words[1]), let seed = UInt64(words.count > 2 ? words[2] : "1") else { break }
      exit(attack(words[0], for: seconds, from: seed))
    case 4 where words[1] == "show":
      guard let seed = UInt64(words[2]), let accelerator = AttackPlan.Accelerator(rawValue: words[3]) else { break }
      let plan = AttackPlan(seed: seed, on: accelerator)
      exit(AttackCampaign(program: words[0]).show(plan))
    default: break
    }
    print("usage: scripts/attack TIME [FIRST-SEED]      such as 10m or 30s\n       scripts/attack show SEED soft|kvm")
    exit(2)
  }

  private static func seconds(_ text: String) -> Double? {
    guard let unit = text.last, let factor = ["s": 1.0, "m": 60, "h": 3600][unit], let number = Double(text.dropLast()) else { return nil }
    return number * factor
  }

  private static func attack(_ program: String, for seconds: Double, from first: UInt64) -> Int32 {
    let end = time(nil) + Int(seconds)
    let accelerators = AttackPlan.Accelerator.available
    if accelerators.count == 1 { print("attack: /dev/kvm cannot be used here: skipped") }
    var campaign = AttackCampaign(program: program)
    var seed = first
    while time(nil) < end {
      for accelerator in accelerators {
        guard let problem = campaign.attempt(AttackPlan(seed: seed, on: accelerator)) else { continue }
        print(campaign.report)
        print("attack: seed \(seed) on \(accelerator) \(problem)\nattack: see what it does: scripts/attack show \(seed) \(accelerator)")
        return 1
      }
      seed += 1
    }
    print(campaign.report)
    print("attack: seeds \(first) to \(seed - 1) on \(accelerators.map(\.rawValue).joined(separator: " and ")): none ended badly")
    return 0
  }
}
