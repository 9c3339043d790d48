internal import Primitives

/// One 8259A: eight request inputs, of which the most urgent one reaches the output.
struct PICChip: Sendable {
  /// What the next write to the odd port means.
  private enum Step { case mask, vectorBase, cascade, mode }

  /// Inputs that are level-triggered (ELCR).
  var levelTriggered: UInt8 = 0 {
    didSet { requests = requests & ~levelTriggered | lines & levelTriggered }
  }
  /// First vector, a multiple of eight.
  private(set) var vectorBase: UInt8 = 0
  private var lines: UInt8 = 0
  /// IRR, ISR and IMR.
  private var requests: UInt8 = 0
  private var inService: UInt8 = 0
  private var mask: UInt8 = 0xFF
  /// The input that is least urgent; the next one up is the most urgent.
  private var lowest = 7
  private var step = Step.mask
  private var hasCascadeWord = false
  private var hasModeWord = false
  private var readsInService = false
  private var polls = false
  private var endsAutomatically = false
  private var rotatesAutomatically = false
  private var specialMask = false
  /// Special fully nested: a cascaded chip may interrupt its own input again.
  private var nestsCascade = false

  mutating func setLine(_ input: Int, _ level: Bool) {
    let rises = level && !lines[bit: input]
    lines[bit: input] = level
    if levelTriggered[bit: input] {
      requests[bit: input] = level
    } else if rises {
      requests[bit: input] = true
    }
  }

  /// Input 2 of the first chip is the second chip's output, and follows it.
  mutating func setCascade(_ level: Bool) {
    lines[bit: 2] = level
    requests[bit: 2] = level
  }

  /// Power-on; the lines belong to the devices and stay.
  mutating func reset() {
    let lines = self.lines
    self = PICChip()
    self.lines = lines
  }

  /// The input the processor should serve now, if any.
  var pending: Int? {
    var blocking = inService
    if specialMask { blocking &= ~mask }
    if nestsCascade { blocking[bit: 2] = false }
    guard let wanted = mostUrgent(of: requests & ~mask & ~(specialMask ? inService : 0)) else { return nil }
    guard let served = mostUrgent(of: blocking) else { return wanted }
    return rank(wanted) < rank(served) ? wanted : nil
  }

  /// The processor takes the interrupt; with none left, input 7 answers and nothing is in service.
  mutating func acknowledge() -> Int {
    guard let input = pending else { return 7 }
    if !levelTriggered[bit: input] { requests[bit: input] = false }
    if endsAutomatically {
      if rotatesAutomatically { lowest = input }
    } else {
      inService[bit: input] = true
    }
    return input
  }

  mutating func readCommand() -> UInt8 { pollAnswer() ?? (readsInService ? inService : requests) }
  mutating func readMask() -> UInt8 { pollAnswer() ?? mask }

  mutating func writeCommand(_ value: UInt8) {
    if value[bit: 4] {
      initialize(value)
    } else if value[bit: 3] {
      writeReadMode(value)
    } else {
      endInterrupt(value)
    }
  }

  /// The odd port: the mask, or the next initialization word.
  mutating func writeData(_ value: UInt8) {
    switch step {
    case .mask: mask = value
    case .vectorBase:
      vectorBase = value & 0xF8
      step = hasCascadeWord ? .cascade : hasModeWord ? .mode : .mask
    case .cascade:
      // Which input carries the cascade is wired, not programmed.
      step = hasModeWord ? .mode : .mask
    case .mode:
      endsAutomatically = value[bit: 1]
      nestsCascade = value[bit: 4]
      step = .mask
    }
  }

  /// ICW1: forget everything but the wires.
  private mutating func initialize(_ value: UInt8) {
    let old = self
    self = PICChip()
    levelTriggered = old.levelTriggered
    vectorBase = old.vectorBase
    lines = old.lines
    requests = lines & levelTriggered
    mask = 0
    hasModeWord = value[bit: 0]
    hasCascadeWord = !value[bit: 1]
    step = .vectorBase
  }

  /// OCW3.
  private mutating func writeReadMode(_ value: UInt8) {
    if value[bit: 6] { specialMask = value[bit: 5] }
    polls = value[bit: 2]
    if value[bit: 1] { readsInService = value[bit: 0] }
  }

  /// OCW2: end of interrupt and rotation.
  private mutating func endInterrupt(_ value: UInt8) {
    let named = Int(value[bits: 0...2])
    let rotates = value[bit: 7]
    switch value[bits: 5...6] {
    case 0: rotatesAutomatically = rotates
    case 1:
      guard let input = mostUrgent(of: specialMask ? inService & ~mask : inService) else { return }
      inService[bit: input] = false
      if rotates { lowest = input }
    case 2: if rotates { lowest = named }
    default:
      inService[bit: named] = false
      if rotates { lowest = named }
    }
  }

  /// A poll command makes the next read an acknowledge.
  private mutating func pollAnswer() -> UInt8? {
    guard polls else { return nil }
    polls = false
    guard pending != nil else { return 0 }
    return 0x80 | UInt8(truncatingIfNeeded: acknowledge())
  }

  /// 0 for the most urgent input, 7 for the least.
  private func rank(_ input: Int) -> Int { (input - lowest + 7) & 7 }

  private func mostUrgent(of inputs: UInt8) -> Int? {
    guard inputs != 0 else { return nil }
    // Twice side by side, from the most urgent one on.
    let turned = (UInt16(inputs) << 8 | UInt16(inputs)) >> UInt16(lowest + 1)
    return (turned.trailingZeroBitCount + lowest + 1) & 7
  }
}
