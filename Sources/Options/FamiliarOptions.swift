/// QEMU's spellings of the same wishes, so that a script can switch by changing one word.
enum FamiliarOptions {
  /// Those that only have another name.
  static let names = [
    "-kernel": "--kernel", "-initrd": "--initrd", "-append": "--append", "-m": "--memory", "-smp": "--cpus",
    "-dtb": "--dtb", "-bios": "--firmware", "-accel": "--accel", "-no-reboot": "--no-reboot", "-h": "--help",
    "-help": "--help",
  ]

  /// Those that ask for what is so anyway.
  static let flags: Set = ["-nographic", "-nodefaults", "-no-user-config"]

  /// Those that ask for what is so anyway, as long as they have one of these values.
  private static let values: [String: Set] = [
    "-M": ["q35"], "-machine": ["q35"], "-cpu": ["host", "max"], "-display": ["none"], "-vga": ["none"],
    "-monitor": ["none"], "-nic": ["none"], "-net": ["none"], "-parallel": ["none"],
    "-device": ["virtio-rng-pci", "isa-debug-exit", "pvpanic", "virtio-serial-pci", "pc-testdev"],
  ]

  static func takesValue(_ name: String) -> Bool { values[name] != nil || ["-drive", "-fw_cfg", "-serial"].contains(name) }

  /// The option of swboot that means the same; nil if that is nothing.
  static func translate(_ name: String, _ value: String) throws(UsageError) -> (name: String, value: String)? {
    switch name {
    // name=opt/NAME,file=FILE
    case "-fw_cfg":
      let parts = value.split(separator: ",", maxSplits: 1)
      guard parts.count == 2, parts[1].hasPrefix("file=") else {
        throw UsageError(message: "-fw_cfg \(value): write name=opt/NAME,file=FILE.")
      }
      let name = parts[0].hasPrefix("name=") ? parts[0].dropFirst(5) : parts[0]
      return ("--fw-cfg", "\(name)=\(parts[1].dropFirst(5))")
    case "-device" where value == "pc-testdev": return ("--test-device", "")
    case "-drive": return ("--disk", try disk(value))
    case "-serial": return ("--console", value.hasPrefix("mon:") ? String(value.dropFirst(4)) : value)
    default:
      let known = values[name] ?? []
      let first = value.split(separator: ",", omittingEmptySubsequences: false).first.map(String.init) ?? ""
      guard known.contains(first) else {
        throw UsageError(
          message: "\(name) \(value): this machine has only \(known.sorted().joined(separator: ", ")). See swboot machine.")
      }
      return nil
    }
  }

  /// `file=disk.img,format=raw,if=virtio,readonly=on` as a disk of ours.
  private static func disk(_ text: String) throws(UsageError) -> String {
    func refuse(_ problem: String) -> UsageError {
      UsageError(message: "-drive \(text): \(problem). Use --disk FILE[,ro][,snapshot][,id=NAME].")
    }
    var path: String?
    var marks: [String] = []
    for part in text.split(separator: ",") {
      switch part {
      case let file where file.hasPrefix("file="): path = String(file.dropFirst(5))
      case "format=raw", "if=virtio", "readonly=off", "snapshot=off", "media=disk": break
      case "readonly=on", "readonly": marks.append("ro")
      case "snapshot=on": marks.append("snapshot")
      case let id where id.hasPrefix("serial="): marks.append("id=\(id.dropFirst(7))")
      default: throw refuse("\(part) is not known here")
      }
    }
    guard let path else { throw refuse("it names no file") }
    return ([path] + marks).joined(separator: ",")
  }
}
