extension Configuration {
  /// Whose interrupt chips the machine has with KVM, on a host whose kernel calls itself so.
  func chips(onKernel release: String) -> InterruptChips { interruptChips ?? (trace == nil ? .faster(onKernel: release) : .split) }
}

extension Configuration.InterruptChips {
  /// The kernel's own chips spare a guest exits. But since Linux 6.18 the first memory slot, and the end, wait for grace periods
  /// that begin when those chips are made, and that takes longer than all the exits of a boot.
  fileprivate static func faster(onKernel release: String) -> Self {
    var rest = release.utf8[...]
    func takeNumber() -> Int {
      let digits = rest.prefix { (0x30...0x39).contains($0) }
      rest = rest.dropFirst(digits.count + 1)
      return Int(Substring(digits)) ?? .max
    }
    return (takeNumber(), takeNumber()) < (6, 18) ? .kernel : .split
  }
}
