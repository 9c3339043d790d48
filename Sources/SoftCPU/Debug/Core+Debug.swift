/// Bits of DR7.
enum DebugControl {
  /// The debug registers are not to be accessed.
  static let guarded: UInt64 = 1 << 13
}

/// MOV to and from the debug registers.
extension Core {
  /// DR4 and DR5 are DR6 and DR7, unless CR4.DE says that they do not exist.
  private func debugPlace(_ number: UInt8) throws(Fault) -> Field {
    switch number {
    case 0: return .dr0
    case 1: return .dr1
    case 2: return .dr2
    case 3: return .dr3
    case 4, 5:
      if self[.cr4] & 8 != 0 { throw .undefined }
      return number == 4 ? .dr6 : .dr7
    case 6: return .dr6
    case 7: return .dr7
    default: throw .undefined
    }
  }

  /// #DB if debug registers are guarded (DR7.GD).
  private func checkDebugAccess() throws(Fault) {
    try requireSystem()
    if self[.dr7] & DebugControl.guarded != 0 {
      self[.dr6] |= 1 << 13
      throw .debug
    }
  }

  func moveFromDebug(_ i: Instruction) throws(Fault) {
    let place = try debugPlace(i.reg)
    try checkDebugAccess()
    self[register: Int(i.rm)] = is64Bit ? self[place] : self[place] & 0xFFFF_FFFF
  }

  func moveToDebug(_ i: Instruction) throws(Fault) {
    let place = try debugPlace(i.reg)
    try checkDebugAccess()
    let value = is64Bit ? self[register: Int(i.rm)] : self[register: Int(i.rm)] & 0xFFFF_FFFF
    switch place {
    case .dr6, .dr7:
      if value >> 32 != 0 { throw .protection }
      self[place] = place == .dr6 ? value & 0xE00F | 0xFFFF_0FF0 : value & 0xFFFF_23FF | 0x400
    default: self[place] = value
    }
    if place == .dr6 { return }
    self[.systemFlags] &= ~Flags.rf
    watchBreakpoints()
    leave(to: i.next)
  }
}
