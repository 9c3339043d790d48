/// A place in the code, perhaps one yet to come.
public struct Label: Equatable, Sendable {
  let number: Int
}

extension Assembler {
  public mutating func makeLabel() -> Label {
    labels.append(-1)
    return Label(number: labels.count - 1)
  }

  /// The label is here.
  public mutating func place(_ label: Label) { labels[label.number] = position }

  public mutating func makeLabelHere() -> Label {
    let label = makeLabel()
    place(label)
    return label
  }

  /// Where a placed label is.
  public func position(of label: Label) -> Int { labels[label.number] }

  public mutating func jump(_ label: Label) {
    byte(0xE9)
    reference(label)
  }

  public mutating func jump(if condition: Condition, _ label: Label) {
    byte(0x0F)
    byte(0x80 | condition.rawValue)
    reference(label)
  }

  /// JMP, or with a condition Jcc, to a place at a distance from the start of this code; returns where its distance is.
  @discardableResult public mutating func jump(if condition: Condition? = nil, toDistance target: Int) -> Int {
    if let condition { word(0x800F | UInt16(condition.rawValue) << 8) } else { byte(0xE9) }
    let place = position
    long(Int32(truncatingIfNeeded: target &- (place + 4)))
    return place
  }

  /// Lets a jump whose distance is at `site` lead elsewhere.
  public mutating func redirect(_ site: Int, to target: Int) { patch(site, Int32(truncatingIfNeeded: target &- (site + 4))) }

  public mutating func jump(to target: ModRM) { emit(Opcode(0xFF), .long, .digit(4), target) }
  public mutating func call(_ target: ModRM) { emit(Opcode(0xFF), .long, .digit(2), target) }
  public mutating func ret() { byte(0xC3) }
  public mutating func push(_ register: Register) { emit(Opcode(0xFF), .long, .digit(6), .register(register)) }
  public mutating func pop(_ register: Register) { emit(Opcode(0x8F), .long, .digit(0), .register(register)) }

  /// The address of a label.
  public mutating func loadAddress(_ target: Register, of label: Label) {
    byte(target.rawValue >= 8 ? 0x4C : 0x48)
    byte(0x8D)
    byte((target.rawValue & 7) << 3 | 5)
    reference(label)
  }

  private mutating func reference(_ label: Label) {
    fixups.append((position, label))
    long(0)
  }

  /// Writes the distances to all labels, which are placed by now.
  public mutating func resolve() {
    for fixup in fixups { patch(fixup.place, Int32(truncatingIfNeeded: labels[fixup.label.number] - (fixup.place + 4))) }
    fixups.removeAll(keepingCapacity: true)
  }
}
