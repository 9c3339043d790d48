/// INT and its like: handlers that a program calls itself.
extension Core {
  func softwareInterrupt(_ i: Instruction) throws(Fault) {
    if isVirtual8086, self[.systemFlags] & Flags.iopl != Flags.iopl { throw .protection }
    try callHandler(UInt8(truncatingIfNeeded: i.immediate), from: i)
  }

  func callHandler(_ vector: UInt8, from i: Instruction) throws(Fault) {
    self[.rip] = i.next
    try interrupt(by: .software(vector))
    self[.pending] = 1
  }

  /// ICEBP: #DB by no software interrupt, so that any privilege level may; what waited for its end is told with it.
  func debugInterrupt(_ i: Instruction) throws(Fault) {
    self[.rip] = i.next
    let reasons = self[.debugReasons]
    try interrupt(by: .external(1))
    self[.dr7] &= ~DebugControl.guarded
    if reasons != 0 { recordDebugReasons(reasons) }
    self[.pending] = 1
  }

  /// BOUND: #BR unless a signed index lies between two limits in memory.
  func checkBounds(_ i: Instruction) throws(Fault) {
    let place = effectiveAddress(i)
    func limit(_ number: UInt64) throws(Fault) -> Int64 {
      let address = try linear(i.segment, place &+ number * UInt64(i.width), Int(i.width), write: false)
      return Self.signed(try readNumber(address, i.width), i.width)
    }
    let index = Self.signed(self[register: Int(i.reg)], i.width)
    let (lowest, highest) = (try limit(0), try limit(1))
    if index < lowest || index > highest { throw .bound }
  }

  private static func signed(_ value: UInt64, _ width: UInt8) -> Int64 {
    width == 2 ? Int64(Int16(truncatingIfNeeded: value)) : Int64(Int32(truncatingIfNeeded: value))
  }
}
