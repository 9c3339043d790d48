/// Bits of DR7.
enum DebugControl {
  /// The debug registers are not to be accessed.
  static let guarded: UInt64 = 1 << 13
  static let alwaysSet: UInt64 = 1 << 10
  static let writable: UInt64 = 0xFFFF_23FF
}

/// Bits of DR6.
enum DebugStatus {
  static let breakpoints: UInt64 = 0xF
  /// The debug registers were to be accessed, which are guarded.
  static let access: UInt64 = 1 << 13
  static let step: UInt64 = 1 << 14
  static let taskSwitch: UInt64 = 1 << 15
  static let alwaysSet: UInt64 = 0xFFFF_0FF0
  static let writable: UInt64 = breakpoints | access | step | taskSwitch
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
      if self[.cr4] & CR4.debugExtensions != 0 { throw .undefined }
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
      self[.dr6] |= DebugStatus.access
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
      self[place] = place == .dr6 ? value & DebugStatus.writable | DebugStatus.alwaysSet : value & DebugControl.writable | DebugControl.alwaysSet
    default: self[place] = value
    }
    if place == .dr6 { return }
    self[.systemFlags] &= ~Flags.rf
    watchBreakpoints()
    leave(to: i.next)
  }
}
