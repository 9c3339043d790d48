internal import KVMBackend
internal import Processor

/// What this host can do for swboot.
public enum Doctor {
  public static func report() -> [String] {
    var lines: [String] = []
    let kind = KVM.classify()
    switch kind {
    case .hardware(let sign): lines.append("virtualization   hardware (\(sign))")
    case .software(let sign): lines.append("virtualization   software KVM (\(sign)): guest kernels run far slower than on --accel soft")
    case .unusable: lines.append("virtualization   not usable")
    }
    do throws(ProcessorError) {
      let kvm = try KVM()
      lines.append("/dev/kvm         opens, API version 12")
      for (name, value) in kvm.capabilities {
        let padded = name + String(repeating: " ", count: max(1, 17 - name.count))
        lines.append("  \(padded)\(value > 1 ? String(value) : value == 1 ? "yes" : "no")")
      }
    } catch {
      let name = "/dev/kvm "
      lines.append("/dev/kvm         \(error.message.hasPrefix(name) ? String(error.message.dropFirst(name.count)) : error.message)")
    }
    lines.append("software CPU     yes, on any host; it also executes single instructions that KVM fails")
    let choice = AcceleratorChoice(.auto) { kind }
    lines.append("--accel auto     would take \(choice.kind): \(choice.notice ?? "it runs guests at the processor's speed")")
    return lines
  }
}
