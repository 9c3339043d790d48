/// Which mappings of code pages hold now. A mapping is a linear page, the physical page it leads to, and a mode; blocks
/// of other pages come by the far entry, which looks here.
extension Core {
  private typealias State = TranslatedState

  /// The run loop has just seen that a mapping holds.
  func holdMapping(_ number: Int) {
    guard load(State.mappings + number, as: UInt8.self) == 0 else { return }
    store(1 as UInt8, at: State.mappings + number)
    let page: UInt64 = load(State.mappingPages + number * 8)
    add(number, to: isGlobalCode(page) ? State.globalMappings : State.localMappings)
  }

  /// Whether the execute table has a page as a global one.
  private func isGlobalCode(_ page: UInt64) -> Bool {
    isGlobal(Int(truncatingIfNeeded: self[.executeTable]) &+ Int(truncatingIfNeeded: page >> 8 & SoftTLB.lineMask))
  }

  func dropLocalMappings() { drop(State.localMappings) { _ in true } }
  func dropMappings(of page: UInt64) {
    for list in [State.localMappings, State.globalMappings] { drop(list) { $0 == page } }
  }
  func dropMappings() {
    for list in [State.localMappings, State.globalMappings] { drop(list) { _ in true } }
  }

  // A list: how many numbers, and then the numbers.

  private func add(_ number: Int, to list: Int) {
    let count = Int(load(list, as: UInt16.self))
    store(UInt16(truncatingIfNeeded: number), at: list + 2 + 2 * count)
    store(UInt16(truncatingIfNeeded: count + 1), at: list)
  }

  @inline(__always) private func drop(_ list: Int, _ goes: (UInt64) -> Bool) {
    let count = Int(load(list, as: UInt16.self))
    var kept = 0
    for place in 0..<count {
      let number = Int(load(list + 2 + 2 * place, as: UInt16.self))
      if goes(load(State.mappingPages + number * 8)) {
        store(0 as UInt8, at: State.mappings + number)
      } else {
        store(UInt16(truncatingIfNeeded: number), at: list + 2 + 2 * kept)
        kept += 1
      }
    }
    store(UInt16(truncatingIfNeeded: kept), at: list)
  }
}
