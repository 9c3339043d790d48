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
    "-cpu": ["host", "max"], "-display": ["none"], "-vga": ["none"],
    "-monitor": ["none"], "-nic": ["none"], "-net": ["none"], "-parallel": ["none"],
    "-device": ["virtio-rng-pci", "isa-debug-exit", "pvpanic", "virtio-serial-pci", "pc-testdev"],
  ]

  /// What may stand behind such a value, because it is so, too.
  private static let properties: [String: Set] = [
    "isa-debug-exit": ["iobase=0xf4", "iosize=0x4", "iosize=0x04"], "pvpanic": ["ioport=0x505", "ioport=1285"],
  ]

  static func takesValue(_ name: String) -> Bool {
    values[name] != nil || ["-M", "-machine", "-drive", "-fw_cfg", "-serial"].contains(name)
  }

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
    case "-M", "-machine": return try machine(name, value)
    case "-drive": return ("--disk", try disk(value))
    case "-serial": return ("--console", value.hasPrefix("mon:") ? String(value.dropFirst(4)) : value)
    default:
      let known = values[name] ?? []
      let parts = value.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
      let first = parts.first ?? ""
      guard known.contains(first) else {
        throw UsageError(
          message: "\(name) \(value): this machine has only \(known.sorted().joined(separator: ", ")). See swboot machine.")
      }
      if let other = parts.dropFirst().first(where: { properties[first]?.contains($0) != true }) {
        throw UsageError(message: "\(name) \(value): \(other) is not so here, and nothing can change it. See swboot machine.")
      }
      return nil
    }
  }

  /// `q35,accel=kvm:tcg`: what this machine is, and perhaps who runs it.
  private static func machine(_ name: String, _ text: String) throws(UsageError) -> (name: String, value: String)? {
    var accelerator: String?
    for part in text.split(separator: ",", omittingEmptySubsequences: false) {
      switch part {
      case "q35", "type=q35", "usb=off", "graphics=off", "vmport=off", "hpet=off": break
      case let wish where wish.hasPrefix("accel="):
        // Of a list the first that is there is taken, which is what auto does.
        accelerator = wish == "accel=kvm:tcg" ? "auto" : String(wish.dropFirst(6))
      default: throw UsageError(message: "\(name) \(text): this machine has only q35. See swboot machine.")
      }
    }
    return accelerator.map { ("--accel", $0) }
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
