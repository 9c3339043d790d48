/// One processor core: all its state in one raw, page-aligned block at fixed offsets, see `CoreLayout`.
///
/// The value is only the block's address, so that it is passed in a register, and nothing in the run loop
/// is counted, locked or checked for exclusivity. It is safe as long as its `CoreContext` lives, which owns the block.
@safe struct Core: @unchecked Sendable {
  let base: UnsafeMutableRawPointer

  @inline(__always) func load<T: BitwiseCopyable>(_ offset: Int, as type: T.Type = T.self) -> T {
    assert(offset >= 0 && offset <= Self.size - MemoryLayout<T>.size, "a core's block ends before \(offset)")
    return unsafe base.loadUnaligned(fromByteOffset: offset, as: type)
  }
  @inline(__always) func store<T: BitwiseCopyable>(_ value: T, at offset: Int) {
    assert(offset >= 0 && offset <= Self.size - MemoryLayout<T>.size, "a core's block ends before \(offset)")
    unsafe base.storeBytes(of: value, toByteOffset: offset, as: T.self)
  }
  @inline(__always) subscript(_ field: Field) -> UInt64 {
    get { load(field.rawValue) }
    nonmutating set { store(newValue, at: field.rawValue) }
  }

  /// A whole general register by number.
  @inline(__always) subscript(register number: Int) -> UInt64 {
    get { load(number &* 8) }
    nonmutating set { store(newValue, at: number &* 8) }
  }

  /// A register operand by its byte offset in the block (AH to BH are odd offsets).
  @inline(__always) func get<T: RegisterWidth>(_ offset: UInt8, _: T.Type = T.self) -> T { load(Int(offset)) }

  /// Writes a register operand; 32-bit writes clear the upper half, narrower ones keep it.
  @inline(__always) func set<T: RegisterWidth>(_ offset: UInt8, _ value: T) {
    if T.bitWidth == 32 { store(UInt64(truncatingIfNeeded: value), at: Int(offset)) } else { store(value, at: Int(offset)) }
  }

  /// Writes the low `width` bytes of a general register by number, as `set` does.
  @inline(__always) func setRegister(_ number: UInt8, _ value: UInt64, _ width: UInt8) {
    if width == 8 { return store(value, at: Int(number) &* 8) }
    if width == 4 { return store(value & 0xFFFF_FFFF, at: Int(number) &* 8) }
    setPart(number, value, width)
  }
  @inline(never) private func setPart(_ number: UInt8, _ value: UInt64, _ width: UInt8) {
    if width == 2 { set(number &* 8, UInt16(truncatingIfNeeded: value)) } else { set(number &* 8, UInt8(truncatingIfNeeded: value)) }
  }

  /// The object around this core. Not for the run loop.
  var context: CoreContext {
    guard let p = unsafe UnsafeRawPointer(bitPattern: UInt(self[.context])) else { preconditionFailure("a core belongs to a context") }
    return unsafe Unmanaged<CoreContext>.fromOpaque(p).takeUnretainedValue()
  }
}
