internal import Assembler

/// State of the host that is the guest's in translated code, as long as that runs.
struct LentState: OptionSet {
  var rawValue: UInt8
  static let control = LentState(rawValue: 1)
  static let x87 = LentState(rawValue: 2)

  /// The byte in a core's block that tells whether the host has it; MXCSR's and x87's lie beside each other.
  var place: Int { self == .control ? TranslatedState.hasControl : TranslatedState.hasX87 }
}

/// MXCSR and x87: a block looks whether the host has the guest's before it first needs them, and loads them otherwise. They
/// go back to the core before the host's own code runs (TranslationStubs.giveBack). Where not all exceptions are masked they
/// are not lent, and the interpreter executes what needs them.
extension BlockTranslation {
  /// Out of line: what instruction `k` needs is loaded, or nothing that could be, and the interpreter executes it.
  struct Loan {
    var state: LentState?
    var miss: Label
    var ready: Label
    var k: Int
    var vectors: VectorRegisters
  }

  mutating func borrow(_ state: LentState, _ k: Int) {
    guard !vectors.lent.contains(state) else { return }
    giveUpFlags(before: k)
    let (miss, ready) = (asm.makeLabel(), asm.makeLabel())
    asm.apply(.cmp, .byte, .memory(.gs(state.place)), 0)
    asm.jump(if: .equal, miss)
    asm.place(ready)
    loans.append(Loan(state: state, miss: miss, ready: ready, k: k, vectors: vectors))
    vectors.lent.insert(state)
  }

  mutating func emitLoans() {
    for loan in loans {
      asm.place(loan.miss)
      if let state = loan.state {
        let here = asm.makeLabel()
        asm.loadAddress(Self.t1, of: here)
        asm.jump(toDistance: (state == .control ? context.stubs.loadControl : context.stubs.loadX87) - origin)
        asm.place(here)
        asm.jump(loan.ready)
        // It is not lent.
      }
      emitStoring(loan.vectors)
      emitHelpAndLeave(loan.k, 1, isLiveBefore[loan.k])
    }
  }
}
