import Processor

/// The registers in the order in which GDB gets them, and the description that tells it so.
struct RegisterLayout {
  struct Register: Sendable {
    let name: String
    let bits: Int
    var type = "int"
    /// Nil for what swboot does not know of a processor; GDB shows it as unavailable.
    var get: (@Sendable (ProcessorState) -> UInt64)?
    /// Nil for what cannot be set by itself.
    var set: (@Sendable (inout ProcessorState, UInt64) -> Void)?
    var byteCount: Int { bits / 8 }
  }

  struct Feature: Sendable {
    let name: String
    let registers: [Register]
  }

  static let features = [
    Feature(name: "org.gnu.gdb.i386.core", registers: general + pointers + selectors + floating),
    Feature(name: "org.gnu.gdb.i386.segments", registers: [base("fs_base", \.fs), base("gs_base", \.gs)]),
    Feature(name: "org.swboot.system", registers: control + otherBases),
  ]
  static let all = features.flatMap(\.registers)

  private static let general: [Register] = [
    ("rax", 0), ("rbx", 3), ("rcx", 1), ("rdx", 2), ("rsi", 6), ("rdi", 7), ("rbp", 5), ("rsp", 4), ("r8", 8), ("r9", 9),
    ("r10", 10), ("r11", 11), ("r12", 12), ("r13", 13), ("r14", 14), ("r15", 15),
  ].map { (name: String, number: Int) in
    Register(
      name: name, bits: 64, type: number == 4 || number == 5 ? "data_ptr" : "int64",
      get: { $0.registers[number] }, set: { $0.registers[number] = $1 })
  }

  private static let pointers = [
    Register(name: "rip", bits: 64, type: "code_ptr", get: { $0.rip }, set: { $0.rip = $1 }),
    Register(name: "eflags", bits: 32, type: "i386_eflags", get: { $0.rflags }, set: { $0.rflags = $1 }),
  ]

  private static let selectors: [Register] = [
    Register(name: "cs", bits: 32, get: { UInt64($0.cs.selector) }), Register(name: "ss", bits: 32, get: { UInt64($0.ss.selector) }),
    Register(name: "ds", bits: 32, get: { UInt64($0.ds.selector) }), Register(name: "es", bits: 32, get: { UInt64($0.es.selector) }),
    Register(name: "fs", bits: 32, get: { UInt64($0.fs.selector) }), Register(name: "gs", bits: 32, get: { UInt64($0.gs.selector) }),
  ]

  private static let floating =
    (0..<8).map { Register(name: "st\($0)", bits: 80, type: "i387_ext") }
    + ["fctrl", "fstat", "ftag", "fiseg", "fioff", "foseg", "fooff", "fop"].map { Register(name: $0, bits: 32) }

  private static func base(_ name: String, _ segment: any WritableKeyPath<ProcessorState, SegmentState> & Sendable) -> Register {
    Register(name: name, bits: 64, type: "int64", get: { $0[keyPath: segment].base }, set: { $0[keyPath: segment].base = $1 })
  }

  private static func word(_ name: String, _ place: any WritableKeyPath<ProcessorState, UInt64> & Sendable) -> Register {
    Register(name: name, bits: 64, type: "int64", get: { $0[keyPath: place] }, set: { $0[keyPath: place] = $1 })
  }

  private static let control = [
    word("cr0", \.cr0), word("cr2", \.cr2), word("cr3", \.cr3), word("cr4", \.cr4), word("cr8", \.cr8), word("efer", \.efer),
  ]
  private static let otherBases = [
    base("cs_base", \.cs), base("ss_base", \.ss), base("ds_base", \.ds), base("es_base", \.es), base("tr_base", \.task),
    base("ldt_base", \.localTable), word("gdt_base", \.globalTable.base), word("idt_base", \.interruptTable.base),
  ]

  // MARK: On the wire

  /// As hexadecimal bytes, little end first.
  static func text(_ register: Register, of state: ProcessorState) -> String {
    guard let value = register.get?(state) else { return String(repeating: "x", count: 2 * register.byteCount) }
    return Hex.text((0..<register.byteCount).map { UInt8(truncatingIfNeeded: value >> UInt64(8 * $0)) })
  }

  static func set(_ register: Register, of state: inout ProcessorState, to bytes: some Sequence<UInt8>) {
    var value: UInt64 = 0
    for (number, byte) in bytes.prefix(8).enumerated() { value |= UInt64(byte) << UInt64(8 * number) }
    register.set?(&state, value)
  }

  /// GDB's target description.
  static let description: String = {
    var lines = [
      "<?xml version=\"1.0\"?>", "<!DOCTYPE target SYSTEM \"gdb-target.dtd\">", "<target>",
      "<architecture>i386:x86-64</architecture>",
    ]
    for feature in features {
      lines.append("<feature name=\"\(feature.name)\">")
      if feature.name.hasSuffix("core") { lines.append(flags) }
      for register in feature.registers {
        lines.append("<reg name=\"\(register.name)\" bitsize=\"\(register.bits)\" type=\"\(register.type)\"/>")
      }
      lines.append("</feature>")
    }
    return (lines + ["</target>"]).joined(separator: "\n")
  }()

  private static let flags: String = {
    let names = [
      ("CF", 0), ("PF", 2), ("AF", 4), ("ZF", 6), ("SF", 7), ("TF", 8), ("IF", 9), ("DF", 10), ("OF", 11), ("NT", 14), ("RF", 16),
      ("VM", 17), ("AC", 18), ("VIF", 19), ("VIP", 20), ("ID", 21),
    ]
    return "<flags id=\"i386_eflags\" size=\"4\">"
      + names.map { "<field name=\"\($0)\" start=\"\($1)\" end=\"\($1)\"/>" }.joined() + "</flags>"
  }()
}
