internal import Primitives

/// The registers of who called a BIOS service, where the interrupt's entry saved them; changing them changes what
/// the caller gets back.
struct Caller<H: Hardware> {
  private enum Offset {
    static var es: Int { 0 }
    static var ds: Int { 2 }
    static var edi: Int { 4 }
    static var esi: Int { 8 }
    static var ebp: Int { 12 }
    static var ebx: Int { 20 }
    static var edx: Int { 24 }
    static var ecx: Int { 28 }
    static var eax: Int { 32 }
    static var vector: Int { 36 }
    static var ip: Int { 38 }
    static var cs: Int { 40 }
    static var flags: Int { 42 }
  }

  let hardware: H
  let frame: GuestAddress

  private func word(_ offset: Int) -> UInt16 { hardware.word(at: frame + offset) }
  private func byte(_ offset: Int) -> UInt8 { hardware.byte(at: frame + offset) }
  private func put<T: FixedWidthInteger & UnsignedInteger>(_ value: T, _ offset: Int) {
    switch T.bitWidth {
    case 8: hardware.put(UInt8(truncatingIfNeeded: value), at: frame + offset)
    case 16: hardware.put(UInt16(truncatingIfNeeded: value), at: frame + offset)
    default: hardware.put(UInt32(truncatingIfNeeded: value), at: frame + offset)
    }
  }

  var vector: UInt8 { byte(Offset.vector) }
  var cs: UInt16 { word(Offset.cs) }
  var ip: UInt16 { word(Offset.ip) }
  var ds: UInt16 { word(Offset.ds) }
  var es: UInt16 {
    get { word(Offset.es) }
    nonmutating set { put(newValue, Offset.es) }
  }
  var eax: UInt32 {
    get { hardware.dword(at: frame + Offset.eax) }
    nonmutating set { put(newValue, Offset.eax) }
  }
  var ebx: UInt32 {
    get { hardware.dword(at: frame + Offset.ebx) }
    nonmutating set { put(newValue, Offset.ebx) }
  }
  var ecx: UInt32 {
    get { hardware.dword(at: frame + Offset.ecx) }
    nonmutating set { put(newValue, Offset.ecx) }
  }
  var edx: UInt32 {
    get { hardware.dword(at: frame + Offset.edx) }
    nonmutating set { put(newValue, Offset.edx) }
  }
  var edi: UInt32 {
    get { hardware.dword(at: frame + Offset.edi) }
    nonmutating set { put(newValue, Offset.edi) }
  }
  var ax: UInt16 {
    get { word(Offset.eax) }
    nonmutating set { put(newValue, Offset.eax) }
  }
  var bx: UInt16 {
    get { word(Offset.ebx) }
    nonmutating set { put(newValue, Offset.ebx) }
  }
  var cx: UInt16 {
    get { word(Offset.ecx) }
    nonmutating set { put(newValue, Offset.ecx) }
  }
  var dx: UInt16 {
    get { word(Offset.edx) }
    nonmutating set { put(newValue, Offset.edx) }
  }
  var di: UInt16 {
    get { word(Offset.edi) }
    nonmutating set { put(newValue, Offset.edi) }
  }
  var si: UInt16 { word(Offset.esi) }
  var bp: UInt16 {
    get { word(Offset.ebp) }
    nonmutating set { put(newValue, Offset.ebp) }
  }
  var al: UInt8 {
    get { byte(Offset.eax) }
    nonmutating set { put(newValue, Offset.eax) }
  }
  var ah: UInt8 {
    get { byte(Offset.eax + 1) }
    nonmutating set { put(newValue, Offset.eax + 1) }
  }
  var bl: UInt8 {
    get { byte(Offset.ebx) }
    nonmutating set { put(newValue, Offset.ebx) }
  }
  var bh: UInt8 {
    get { byte(Offset.ebx + 1) }
    nonmutating set { put(newValue, Offset.ebx + 1) }
  }
  var cl: UInt8 {
    get { byte(Offset.ecx) }
    nonmutating set { put(newValue, Offset.ecx) }
  }
  var ch: UInt8 {
    get { byte(Offset.ecx + 1) }
    nonmutating set { put(newValue, Offset.ecx + 1) }
  }
  var dl: UInt8 {
    get { byte(Offset.edx) }
    nonmutating set { put(newValue, Offset.edx) }
  }
  var dh: UInt8 {
    get { byte(Offset.edx + 1) }
    nonmutating set { put(newValue, Offset.edx + 1) }
  }

  var carry: Bool {
    get { byte(Offset.flags)[bit: 0] }
    nonmutating set { setFlag(0, newValue) }
  }
  var zero: Bool {
    get { byte(Offset.flags)[bit: 6] }
    nonmutating set { setFlag(6, newValue) }
  }

  private func setFlag(_ bit: Int, _ value: Bool) {
    var flags = byte(Offset.flags)
    flags[bit: bit] = value
    put(flags, Offset.flags)
  }

  /// Where a real-mode pointer leads.
  func address(_ segment: UInt16, _ offset: UInt16) -> GuestAddress {
    GuestAddress(UInt64(segment) << 4 + UInt64(offset))
  }

  /// The answer of a service that does not exist.
  func refuse() {
    ah = 0x86
    carry = true
  }
}
