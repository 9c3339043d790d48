internal import Host
internal import Primitives
internal import Processor

/// A processor's registers as people read them.
enum RegisterDump {
  private static let names = [
    "rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi", "r8 ", "r9 ", "r10", "r11", "r12", "r13", "r14", "r15",
  ]

  static func text(_ state: ProcessorState) -> String {
    var lines: [String] = []
    for row in stride(from: 0, to: 16, by: 4) {
      lines.append((row..<row + 4).map { "\(names[$0]) \(state.registers[$0].hex(digits: 16))" }.joined(separator: "  "))
    }
    lines.append("rip \(state.rip.hex(digits: 16))  rfl \(state.rflags.hex(digits: 8))  efer \(state.efer.hex(digits: 4))")
    lines.append("cr0 \(state.cr0.hex(digits: 8))  cr2 \(state.cr2.hex(digits: 16))  cr3 \(state.cr3.hex(digits: 16))  cr4 \(state.cr4.hex(digits: 8))")
    for (name, segment) in [("cs", state.cs), ("ss", state.ss), ("ds", state.ds), ("tr", state.task)] {
      lines.append(
        "\(name)  \(segment.selector.hex(digits: 4)) base \(segment.base.hex(digits: 16)) limit \(segment.limit.hex(digits: 8)) attributes \(segment.attributes.hex(digits: 5))")
    }
    lines.append("gdt \(state.globalTable.base.hex(digits: 16)) limit \(state.globalTable.limit.hex(digits: 4))")
    lines.append("idt \(state.interruptTable.base.hex(digits: 16)) limit \(state.interruptTable.limit.hex(digits: 4))")
    return lines.map { "  " + $0 }.joined(separator: "\n")
  }
}
