import Glibc
import TestSupport

/// What one seed does: the machine that is attacked, and the attacks. The same seed and accelerator is always the same plan.
struct AttackPlan {
  enum Accelerator: String, CaseIterable {
    case soft
    case kvm

    /// Those that this host has.
    static var available: [Self] { unsafe access("/dev/kvm", R_OK | W_OK) == 0 ? allCases : [.soft] }
  }

  /// The attacks of the guest by the bits that stand for them: the table at its program's end, of 16 letters each.
  static let attacks: [String] = {
    var (rest, names) = (program("attack")[...], [String]())
    while rest.count >= 16, rest.suffix(16).allSatisfy({ $0 == 0x20 || (0x61...0x7A).contains($0) }) {
      names.insert(String(decoding: rest.suffix(16).filter { $0 != 0x20 }, as: UTF8.self), at: 0)
      rest = rest.dropLast(16)
    }
    return names
  }()

  let seed: UInt64
  let accelerator: Accelerator
  /// The attacks that the guest makes; each seed has some of them.
  let classes: UInt64
  let processors: Int
  /// In MiB.
  var memory: Int
  /// The machine has a shared file system, as that of a command has.
  let sharesFiles: Bool
  /// The machine's other options.
  let options: [String]
  /// Seconds that the run may take.
  var timeout = 2.0

  init(seed: UInt64, on accelerator: Accelerator) {
    var chance = Chance(seed)
    self.seed = seed
    self.accelerator = accelerator
    let all = UInt64(1) << UInt64(Self.attacks.count) - 1
    let some =
      switch chance.below(8) {
      case 0, 1: all
      case 2, 3, 4: chance.next() & all
      case 5, 6: chance.next() & chance.next() & all
      default: chance.next() & all | 1
      }
    // What ends most runs early is left to some seeds: power, and on a KVM that emulates, instructions that it gives up.
    var left = chance.below(4) == 0 ? some : some & ~Self.bit("power")
    if accelerator == .kvm, chance.below(4) > 0 { left &= ~(Self.bit("control") | Self.bit("code")) }
    sharesFiles = chance.below(4) == 0
    if !sharesFiles { left &= ~Self.bit("files") } else { left |= Self.bit("files") }
    classes = left == 0 ? Self.bit("virtio") : left
    processors = [1, 1, 1, 2, 2, 3, 4][chance.below(7)]
    memory = [32, 32, 32, 32, 33, 33, 64, 64, 2048, 6144][chance.below(10)]
    var options: [String] = []
    if chance.below(2) == 0 { options.append("--display") }
    if chance.below(8) > 0 { options += ["--triple-fault", "reset"] }
    if chance.below(8) == 0 { options += ["--trace", "all,file=/dev/null"] }
    switch accelerator {
    case .soft: if processors == 1, !sharesFiles, chance.below(4) > 0 { options.append("--deterministic=\(seed)") }
    case .kvm: if chance.below(4) == 0 { options += ["--kernel-irqchip", "split"] }
    }
    self.options = options
  }

  private static func bit(_ attack: String) -> UInt64 { attacks.firstIndex(of: attack).map { 1 << UInt64($0) } ?? 0 }

  var attackNames: [String] {
    Self.attacks.indices.filter { classes >> UInt64($0) & 1 != 0 }.map { Self.attacks[$0] }
  }

  /// - Parameter talk: how much the guest tells of itself on the debug console.
  func commandLine(talk: Int = 0) -> String {
    let steps = accelerator == .soft ? 2000 : 300
    let numbers: [(String, UInt64)] = [("seed", seed), ("steps", UInt64(steps)), ("classes", classes), ("starts", 32), ("talk", UInt64(talk))]
    return numbers.map { "\($0)=\(String($1, radix: 16))" }.joined(separator: " ")
  }

  func arguments(kernel: String, disks: AttackDisks, talk: Int = 0) -> [String] {
    var list = sharesFiles ? ["run"] + disks.shares : ["--console", "none"]
    list += ["--kernel", kernel, "--append", commandLine(talk: talk), "--accel", accelerator.rawValue]
    list += ["--cpus", "\(processors)", "--memory", "\(memory)M", "--timeout", "\(Int(timeout * 1000))ms"]
    return list + options + disks.arguments + (sharesFiles ? ["--", "true"] : [])
  }
}
