/// Vector instructions that access memory by the element, as a mask tells.
extension Core {
  /// MASKMOVQ, MASKMOVDQU and VMASKMOVDQU: the bytes whose mask has its top bit set go to DS:RDI.
  func storeBytes(_ i: Instruction, _ kind: VectorForm.Operand) throws(Fault) {
    let source = Int(VectorArea.word(kind, i.reg)) &* 8
    let mask = Int(VectorArea.word(kind, i.rm)) &* 8
    let count = kind == .xmm ? 16 : 8
    let offset = truncated(self[.rdi], i.addressWidth)
    let segment = i.segment == .flat && !is64Bit ? .ds : i.segment
    let address = try linear(segment, offset, count, write: true)
    guard (0..<count).contains(where: { load(mask &+ $0, as: UInt8.self) & 0x80 != 0 }) else { return }
    try probe(address, count, write: true)
    for k in 0..<count where load(mask &+ k, as: UInt8.self) & 0x80 != 0 {
      try write(address &+ UInt64(k), load(source &+ k, as: UInt8.self))
    }
  }

  /// The place of element `k` of `size` bytes of a vector register.
  private func element(_ number: UInt8, _ k: Int, _ size: Int) -> Int {
    let byte = k &* size
    return VectorArea.vector(number) &+ byte &+ (byte >= 16 ? VectorArea.upper &- 16 : 0)
  }
  private func isChosen(_ mask: UInt8, _ k: Int, _ size: Int) -> Bool {
    load(element(mask, k, size) &+ size &- 1, as: UInt8.self) & 0x80 != 0
  }

  /// The linear address of an offset, which is wrapped and checked for itself.
  private func elementAddress(_ i: Instruction, _ offset: UInt64, _ size: Int, write: Bool) throws(Fault) -> UInt64 {
    try linear(i.segment, truncated(offset, i.addressWidth), size, write: write)
  }
  private func readElement(_ i: Instruction, _ offset: UInt64, _ size: Int) throws(Fault) -> UInt64 {
    let address = try elementAddress(i, offset, size, write: false)
    return size == 4 ? UInt64(try read(address, UInt32.self)) : try read(address, UInt64.self)
  }
  private func setElement(_ place: Int, _ value: UInt64, _ size: Int) {
    if size == 4 { store(UInt32(truncatingIfNeeded: value), at: place) } else { store(value, at: place) }
  }

  /// The elements that the mask in VEX.vvvv chooses, each with its offset.
  private func chosenElements(_ i: Instruction, _ size: Int) -> [(k: Int, offset: UInt64)] {
    let offset = effectiveAddress(i)
    return (0..<(16 << Int(i.vectorLength)) / size).filter { isChosen(i.vvvv, $0, size) }.map { ($0, offset &+ UInt64($0 &* size)) }
  }

  /// VMASKMOVPS, VMASKMOVPD, VPMASKMOVD and VPMASKMOVQ: elements that the mask does not choose are not accessed.
  func loadMasked(_ i: Instruction) throws(Fault) {
    try requireAVX()
    let size = Int(i.width)
    let chosen = chosenElements(i, size)
    let values = try chosen.map { (element) throws(Fault) in try readElement(i, element.offset, size) }
    clear(i.reg, from: 0)
    for (element, value) in zip(chosen, values) { setElement(self.element(i.reg, element.k, size), value, size) }
  }

  /// The same to memory, all of it or nothing.
  func storeMasked(_ i: Instruction) throws(Fault) {
    try requireAVX()
    let size = Int(i.width)
    let chosen = chosenElements(i, size)
    for (_, offset) in chosen { try probe(elementAddress(i, offset, size, write: true), size, write: true) }
    for (k, offset) in chosen {
      let address = try elementAddress(i, offset, size, write: true)
      let place = element(i.reg, k, size)
      if size == 4 { try write(address, load(place, as: UInt32.self)) } else { try write(address, load(place, as: UInt64.self)) }
    }
  }

  /// Gathers: elements come from addresses that are elements, too; one that is there clears its mask, so that after
  /// a fault the instruction goes on with the others.
  func gather(_ i: Instruction, indexSize: Int) throws(Fault) {
    try requireAVX()
    let size = Int(i.width)
    let index = i.index / 8
    let count = (16 << Int(i.vectorLength)) / max(size, indexSize)
    let base = load(Int(i.base), as: UInt64.self) &+ i.displacement
    let length = 16 << Int(i.vectorLength)
    for k in 0..<length / size { setElement(element(i.vvvv, k, size), isChosen(i.vvvv, k, size) ? .max : 0, size) }
    clear(i.vvvv, from: length)
    for k in 0..<count where isChosen(i.vvvv, k, size) {
      let place = element(index, k, indexSize)
      let number = indexSize == 8 ? load(place, as: UInt64.self) : UInt64(truncatingIfNeeded: load(place, as: Int32.self))
      let value = try readElement(i, base &+ number << UInt64(i.scale), size)
      clear(i.reg, from: max(count &* size, 16))
      setElement(element(i.reg, k, size), value, size)
      setElement(element(i.vvvv, k, size), 0, size)
    }
    clear(i.vvvv, from: 0)
    clear(i.reg, from: count &* size)
  }

  /// Makes the bytes of a register zero, from one that a word of 8 begins with.
  private func clear(_ number: UInt8, from first: Int) {
    for k in first / 8..<4 { store(UInt64(0), at: element(number, k, 8)) }
  }

  /// VZEROUPPER and VZEROALL: makes the bytes of all registers zero from one on.
  func clearRegisters(from first: Int) throws(Fault) {
    try requireAVX()
    for number in 0..<(is64Bit ? 16 : 8) as Range<UInt8> { clear(number, from: first) }
  }
}
