internal import Primitives

/// Translated code beside the interpreter, to find the translator's mistakes: `--accel soft,lockstep`.
///
/// Before a block is run as code of the host, the interpreter executes it, and everything it did is undone: it is a
/// *rehearsal*. What it found is compared wherever the translated block leaves to a helper or for good: registers, vector
/// registers, flags that somebody may read, and the memory that its instructions wrote. A rehearsal ends before an
/// instruction that cannot be undone: one that touches a device or code, faults, or does something to the system. Those
/// are the interpreter's in translated code as well, and the next rehearsal begins behind them.
///
/// Blocks are not linked, so that each comes from the run loop. Flags that a block left behind as dead stay as it left
/// them for translated code, while rehearsals have those of the program: who reads them after all is found out.
@safe final class Lockstep {
  /// The state before an instruction, and the memory that it may have written.
  struct Step {
    let index: Int
    let state: CoreState
    let undefinedFlags: UInt64
    var touched: [Touched] = []
  }
  /// Some bytes of guest memory, before and after an instruction.
  @safe struct Touched {
    let place: UnsafeMutableRawPointer
    let before: [UInt8]
    var after: [UInt8] = []
  }

  /// A block's first runs are all rehearsed, and one of many later.
  private static let firstRuns: UInt32 = 64, laterRuns: UInt32 = 64

  private let core: Core
  private var runs: [UInt32] = []
  /// The block's instructions.
  private var block: [Instruction] = []
  private var steps: [Step] = []
  private var isActive = false
  /// The program's arithmetic flags where translated code need not have them.
  private var trueFlags: UInt64?
  private var state: CoreState
  private(set) var blocks = 0
  private(set) var instructions = 0
  /// What was different first, in words.
  private(set) var difference: String?

  init(_ core: Core) { (self.core, state) = (core, CoreState(core)) }

  // MARK: A block

  /// A translated block is about to be run.
  func begin(_ number: Int, _ first: Instruction) {
    while runs.count <= number { runs.append(0) }
    runs[number] &+= 1
    isActive = runs[number] <= Self.firstRuns || runs[number] % Self.laterRuns == 0
    guard isActive else { return trueFlags = nil }
    block = []
    while block.last?.operation != .endOfBlock { block.append(unsafe Instruction(record: first.record + block.count)) }
    blocks += 1
    let stale = core.arithmeticFlags
    if let trueFlags { core.arithmeticFlags = trueFlags }
    rehearse(from: 0)
    core.arithmeticFlags = stale
  }

  /// The block asks a helper to execute an instruction.
  func beforeHelp(_ i: Instruction, hasFlags: Bool) {
    guard isActive else { return }
    let index = Int(i.distance(from: block[0]))
    guard let step = steps.first(where: { $0.index == index }) else { return steps = [] }
    compare(step, hasFlags: hasFlags)
    if !hasFlags { core.arithmeticFlags = step.state.arithmeticFlags }
  }

  /// The helper has executed so many, and the block goes on.
  func afterHelp(_ i: Instruction, _ count: Int) {
    if isActive { rehearse(from: Int(i.distance(from: block[0])) + count) }
  }

  /// The block was left.
  ///
  /// - Parameter hasFlags: somebody may read the flags.
  func end(byEdge: Bool, hasFlags: Bool) {
    guard isActive else { return }
    guard byEdge, let last = steps.last, last.index < 0 else { return trueFlags = nil }
    if core[.rip] != last.state.rip { note("RIP is \(core[.rip].hex()), should be \(last.state.rip.hex())", steps.count - 1) }
    compare(last, hasFlags: hasFlags)
    trueFlags = hasFlags ? nil : last.state.arithmeticFlags
  }

  /// Something else happens than that one block follows another.
  func interrupt() { trueFlags = nil }

  // MARK: Rehearsals

  /// Executes what can be undone from an instruction on, notes what it did, and undoes it. The last step has no
  /// instruction if the block came to its end.
  private func rehearse(from start: Int) {
    steps = []
    var (index, undefined) = (start, 0 as UInt64)
    let end = block.count - 1
    while index < end, difference == nil {
      let i = block[index]
      let step = Step(index: index, state: CoreState(core), undefinedFlags: undefined)
      // A conditional jump to the next instruction leaves the block without a trace.
      if i.operation.plain == .jcc, i.immediate == i.next { break }
      guard undefined == 0 || !Self.keepsFlags(i.operation), var touched = core.reversibleMemory(of: i) else { break }
      undefined = core.undefinedFlags(after: i, before: undefined)
      steps.append(step)
      guard (try? core.execute(core.alone(i), goingOn: false)) != nil else {
        step.state.put(core)
        for part in touched { part.restore() }
        return undo()
      }
      for k in touched.indices { touched[k].noteAfter() }
      steps[steps.count - 1].touched = touched
      instructions += 1
      index = core[.rip] == i.next && !Self.leads(i.operation) ? index + 1 : end
    }
    steps.append(Step(index: index == end ? -1 : index, state: CoreState(core), undefinedFlags: undefined))
    undo()
  }

  private func undo() {
    for step in steps.reversed() { for part in step.touched.reversed() { part.restore() } }
    steps.first?.state.put(core)
  }

  /// Whether all flags go to memory or a register.
  private static func keepsFlags(_ operation: Operation) -> Bool { operation == .pushFlags || operation == .lahf }

  private static func leads(_ operation: Operation) -> Bool {
    switch operation {
    case .jump, .jumpNear, .call, .callNear, .ret: true
    default: false
    }
  }

  // MARK: Comparisons

  private func compare(_ step: Step, hasFlags: Bool) {
    guard difference == nil else { return }
    let number = steps.firstIndex { $0.index == step.index } ?? 0
    if let text = step.state.difference(core, flags: hasFlags ? ~step.undefinedFlags : ~Flags.arithmetic) { note(text, number) }
    // Bytes that were written twice are what the last instruction left.
    var expected: [UInt: UInt8] = [:]
    for earlier in steps[..<number] {
      for part in earlier.touched { for (k, byte) in part.after.enumerated() { expected[UInt(bitPattern: unsafe part.place) + UInt(k)] = byte } }
    }
    for (place, byte) in expected {
      guard let p = unsafe UnsafePointer<UInt8>(bitPattern: place) else { continue }
      let now = unsafe p.pointee
      if now != byte { note("a byte of memory is \(now.hex()), should be \(byte.hex())", number) }
    }
  }

  private func note(_ text: String, _ number: Int) {
    guard difference == nil else { return }
    let code = block.dropLast().map { "\($0.address.hex()) \(core.bytes(of: $0)) \($0.operation)" }.joined(separator: "\n  ")
    let index = number < steps.count ? steps[number].index : -1
    difference = """
      translated code is not what the interpreter does: \(text)
      \(index < 0 ? "at the end" : "before instruction \(index + 1)") of the block
        \(code)
      It began with \(steps.first?.state.text ?? "")
      """
  }

}

extension Lockstep.Touched {
  init(_ place: UnsafeMutableRawPointer, _ count: Int) {
    unsafe self.init(place: place, before: [UInt8](UnsafeRawBufferPointer(start: place, count: count)))
  }
  mutating func noteAfter() { after = unsafe [UInt8](UnsafeRawBufferPointer(start: place, count: before.count)) }
  func restore() { for (k, byte) in before.enumerated() { unsafe place.storeBytes(of: byte, toByteOffset: k, as: UInt8.self) } }
}
