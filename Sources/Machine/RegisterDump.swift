internal import Processor

/// A processor's registers as people read them.
enum RegisterDump {
  private static let names = [
    "rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi", "r8 ", "r9 ", "r10", "r11", "r12", "r13", "r14", "r15",
  ]

  static func text(_ state: ProcessorState) -> String {
    var lines: [String] = []
    for row in stride(from: 0, to: 16, by: 4) {
      lines.append((row..<row + 4).map { "\(names[$0]) \(hex(state.registers[$0], 16))" }.joined(separator: "  "))
    }
    lines.append("rip \(hex(state.rip, 16))  rfl \(hex(state.rflags, 8))  efer \(hex(state.efer, 4))")
    lines.append("cr0 \(hex(state.cr0, 8))  cr2 \(hex(state.cr2, 16))  cr3 \(hex(state.cr3, 16))  cr4 \(hex(state.cr4, 8))")
    for (name, segment) in [("cs", state.cs), ("ss", state.ss), ("ds", state.ds), ("tr", state.task)] {
      lines.append(
        "\(name)  \(hex(UInt64(segment.selector), 4)) base \(hex(segment.base, 16)) limit \(hex(UInt64(segment.limit), 8)) attributes \(hex(UInt64(segment.attributes), 5))")
    }
    lines.append("gdt \(hex(state.globalTable.base, 16)) limit \(hex(UInt64(state.globalTable.limit), 4))")
    lines.append("idt \(hex(state.interruptTable.base, 16)) limit \(hex(UInt64(state.interruptTable.limit), 4))")
    return lines.map { "  " + $0 }.joined(separator: "\n")
  }

  private static func hex(_ value: UInt64, _ digits: Int) -> String {
    let text = String(value, radix: 16)
    return String(repeating: "0", count: max(0, digits - text.count)) + text
  }
}
