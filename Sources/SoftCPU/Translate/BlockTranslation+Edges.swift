internal import Assembler

/// The ways into a block, and out of it.
extension BlockTranslation {
  /// The far entry is for whoever does not know whether this page of code is still mapped here: other pages, indirect
  /// jumps and the run loop. It comes with the flags saved. The near entry is for the same page, with the flags in
  /// the host, and leads to the far entry where the instruction lies in two pages. Whoever goes round in a circle comes by a far entry, or by a block that jumps back and so looks up here.
  /// Between the entries and the first instruction the flags are moved to where it wants them.
  mutating func emitEntries() {
    let jumpsBack = (0..<count).contains { k in
      let i = instruction(k)
      switch i.operation.plain {
      case .jcc, .jump, .call, .loop, .jcxz: return i.immediate <= i.address && isNear(i.immediate)
      default: return false
      }
    }
    pollsAtEntry = jumpsBack && !needsFlags && !context.countsInstructions && context.secondMapping == nil
    let stale = asm.makeLabel()
    attention = stale
    emitMappingCheck(mapping, stale)
    if let second = context.secondMapping { emitMappingCheck(second, stale) }
    if pollsAtEntry { nearEntry = asm.position }
    asm.apply(.cmp, .long, .memory(.gs(Core.Field.attention.rawValue)), 0)
    asm.jump(if: .notEqual, stale)
    if context.countsInstructions {
      asm.apply(.cmp, .quad, .memory(.gs(TranslatedState.budget)), 0)
      asm.jump(if: .notGreater, stale)
    }
    (flagsInHost, flagsSaved) = (false, needsFlags)
    if pollsAtEntry { return }
    guard needsFlags, savesFlagsFirst || context.secondMapping != nil else {
      if needsFlags { restoreFlags() }
      nearEntry = context.secondMapping == nil ? asm.position : 0
      flagsSaved = false
      return
    }
    // The way from the same page is the more frequent one: it has no jump.
    let begin = asm.makeLabel()
    asm.jump(begin)
    nearEntry = asm.position
    (flagsInHost, flagsSaved) = (true, false)
    saveFlags()
    if context.secondMapping != nil { asm.jump(toDistance: 0) }
    asm.place(begin)
  }

  private mutating func emitMappingCheck(_ mapping: Int, _ stale: Label) {
    asm.apply(.cmp, .byte, .memory(.gs(TranslatedState.mappings + mapping)), 0)
    asm.jump(if: .equal, stale)
  }

  /// Whether the first instructions move the flags out of the way before any of them reads or changes them.
  private var savesFlagsFirst: Bool {
    for k in 0..<count {
      let i = instruction(k)
      if i.flagUse.reads { return false }
      if i.isMemory || i.operation.plain == .push || i.operation.plain == .pop || i.operation == .ret { return true }
      if i.flagUse.writes { return false }
    }
    return false
  }

  /// Whether a jump to a block may use its near entry: there must be a look at `attention` in the circle, and where time
  /// is counted every block looks.
  func mayJumpNear(_ target: UInt64, from address: UInt64) -> Bool {
    isNear(target) && (target > address || pollsAtEntry) && !context.countsInstructions
  }

  /// So many instructions of this block have been executed when it is left. Changes the host's flags.
  mutating func passTime(_ instructions: Int) {
    guard context.countsInstructions else { return }
    asm.apply(.sub, .quad, .memory(.gs(TranslatedState.budget)), Int32(instructions))
  }

  /// Adds one to a counter on the host. Leaves the flags alone.
  mutating func emitCounting(at counter: UInt64) {
    asm.move(Self.t0, counter)
    asm.load(Self.t1, Memory(Self.t0))
    asm.loadAddress(Self.t1, Memory(Self.t1, displacement: 1))
    asm.store(Memory(Self.t0), Self.t1)
  }

  // MARK: Edges

  /// The block's last jump, after so many instructions.
  mutating func edge(after instructions: Int, to target: UInt64, from address: UInt64, _ isLive: Bool) {
    let isNear = mayJumpNear(target, from: address)
    if isLive { isNear ? restoreFlags() : saveFlags() }
    passTime(instructions)
    let site = asm.jump(toDistance: 0)
    edges.append(Edge(target: target, site: site, isNear: isNear, flags: !isLive ? .nowhere : isNear ? .host : .saved))
  }

  /// A conditional jump out of the block.
  mutating func sideEdge(_ condition: Condition, after instructions: Int, to target: UInt64, from address: UInt64) {
    let isLive = isLiveAt(target)
    guard mayJumpNear(target, from: address) else {
      let label = asm.makeLabel()
      asm.jump(if: condition, label)
      farJumps.append((label, target, isLive, isLive && !flagsSaved, instructions))
      return
    }
    let site = asm.jump(if: condition, toDistance: 0)
    edges.append(Edge(target: target, site: site, isNear: true, flags: isLive ? .host : .nowhere))
  }

  mutating func emitFarJumps() {
    for jump in farJumps {
      asm.place(jump.label)
      (flagsInHost, flagsSaved) = (true, !jump.mustSave)
      saveFlags()
      passTime(jump.instructions)
      let site = asm.jump(toDistance: 0)
      edges.append(Edge(target: jump.target, site: site, isNear: false, flags: jump.isLive ? .saved : .nowhere))
    }
  }

  mutating func emitEdgeStubs() {
    for k in edges.indices {
      edges[k].stub = asm.position
      asm.redirect(edges[k].site, to: asm.position)
      asm.store(.long, .gs(TranslatedState.exit), UInt64(context.firstEdge + k))
      leave(savingFlags: edges[k].flags == .host)
    }
    if let attention {
      asm.place(attention)
      emitLeaving(at: rip, needsFlags ? .entryWithFlags : .entry)
    }
  }

  /// Leaves to the run loop, which goes on at `address`.
  mutating func emitLeaving(at address: UInt64, _ exit: Exit) {
    asm.move(Self.t0, address)
    asm.store(.gs(Core.Field.rip.rawValue), Self.t0)
    asm.store(.long, .gs(TranslatedState.exit), UInt64(truncatingIfNeeded: exit.rawValue))
    leave(savingFlags: false)
  }

  private mutating func leave(savingFlags: Bool) {
    asm.jump(toDistance: (savingFlags ? context.stubs.exitSavingFlags : context.stubs.exit) - origin)
  }
}
