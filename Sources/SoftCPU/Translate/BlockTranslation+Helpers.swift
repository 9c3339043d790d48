internal import Assembler

/// What the interpreter does for a block, in its row or out of line.
extension BlockTranslation {
  /// Lets the interpreter execute an instruction, and goes on if it did nothing special.
  mutating func help(_ k: Int) {
    storeResidents()
    let (before, after) = (isLiveBefore[k], isLiveAfter[k])
    if before { saveFlags() }
    storeVectors()
    vectors = VectorRegisters()
    let resume = asm.makeLabel()
    emitHelp(k, 1, before, after, resume)
    asm.place(resume)
    (flagsInHost, flagsSaved) = (false, after)
  }

  mutating func emitHelp(_ k: Int, _ count: Int, _ before: Bool, _ after: Bool, _ resume: Label) {
    let request = HelperRequest(block: number, count: count, flagsBefore: before, flagsAfter: after)
    asm.move(Self.t0, instruction(k).place)
    asm.store(.long, .gs(TranslatedState.request), UInt64(request.rawValue))
    asm.loadAddress(Self.t1, of: resume)
    asm.jump(toDistance: context.stubs.help - origin)
  }

  /// The same, and then the run loop: what was lent went back to the core.
  mutating func emitHelpAndLeave(_ k: Int, _ count: Int, _ before: Bool) {
    let last = k + count - 1
    let resume = asm.makeLabel()
    emitHelp(k, count, before, isLiveAfter[last], resume)
    asm.place(resume)
    emitLeaving(at: instruction(last).next, isLiveAfter[last] ? .helperWithFlags : .helper)
  }

  /// Out of line: the interpreter executes instruction `k`, where it is not one of the frequent cases.
  mutating func leaveToHelper(from miss: Label, to done: Label, _ k: Int, isReturn: Bool = false) {
    var path = SlowPath(miss: miss, hit: done, resume: done, access: nil, first: k, count: 1, flagsBefore: isLiveBefore[k])
    (path.vectorsBefore, path.vectorsAfter) = (vectors, vectors)
    path.isReturn = isReturn
    slowPaths.append(path)
  }

  /// Out of line: the run loop goes on at T0, if that is an address.
  private mutating func emitReturningSlowly() {
    let nowhere = asm.makeLabel()
    asm.loadAddress(Self.t1, of: nowhere)
    asm.jump(toDistance: context.stubs.exitReturning - origin)
    asm.place(nowhere)
  }

  mutating func emitSlowPaths() {
    for path in slowPaths {
      asm.place(path.miss)
      emitStoring(path.residentsBefore)
      emitSecondLookup(path)
      if path.isReturn { emitReturningSlowly() }
      if let unfit = path.unfit { asm.place(unfit) }
      emitStoring(path.vectorsBefore)
      let last = path.first + path.count - 1
      let after = isLiveAfter[last]
      if !path.vectorsAfter.lent.isEmpty {
        emitHelpAndLeave(path.first, path.count, path.flagsBefore)
      } else if path.restoresFlags || path.vectorsAfter.loaded != 0 || !path.residentsAfter.isEmpty {
        let resume = asm.makeLabel()
        emitHelp(path.first, path.count, path.flagsBefore, after, resume)
        asm.place(resume)
        emitLoading(path.vectorsAfter)
        if path.restoresFlags { emitRestoringFlags(usingT1: true) }
        emitLoading(path.residentsAfter)
        asm.jump(path.resume)
      } else {
        emitHelp(path.first, path.count, path.flagsBefore, after, path.resume)
      }
    }
  }
}
