internal import CLinux
internal import Glibc
public import Primitives
import Synchronization

/// A guest-physical range that is not plain RAM.
public enum GuestMemoryError: Error, Equatable, Sendable {
  /// The range is not wholly RAM.
  case notRAM(address: UInt64, count: Int)
  /// The host could not give the memory, or a file transfer failed.
  case host(call: StaticString, code: Int32)

  public static func == (a: Self, b: Self) -> Bool {
    switch (a, b) {
    case (.notRAM(let x, let n), .notRAM(let y, let m)): x == y && n == m
    case (.host(_, let x), .host(_, let y)): x == y
    default: false
    }
  }
}

/// Owns the guest's RAM and the firmware image; nothing else touches them.
///
/// Safe because every access is checked against the size of the mapping and copies bytes in or out.
/// RAM is one mapping, populated as the guest touches it, between guard pages. In guest-physical space it lies at 0 up
/// to `lowSize`, and from 4 GiB on. It begins at a multiple of a huge page, as guest addresses do.
@safe public final class GuestMemory: Sendable {
  public let size: UInt64
  public let lowSize: UInt64
  public var highSize: UInt64 { size - lowSize }

  /// A display's memory: it follows RAM in the mapping, and no address of RAM reaches it.
  public let videoSize: UInt64

  /// The firmware image, padded at its front to whole pages; empty without firmware.
  public let firmwareSize: UInt64
  let firmwarePadding: Int

  nonisolated(unsafe) let ram: UnsafeMutableRawPointer
  nonisolated(unsafe) let firmware: UnsafeMutableRawPointer
  nonisolated(unsafe) let marks: UnsafeMutablePointer<UInt8>
  let layout: Mutex<[MemoryWindow]>
  /// Called after a write from outside the processors into a page of code. A struct around the
  /// function: stored by itself in a generic type, Swift would wrap it anew at each access.
  struct Listener: Sendable { let call: @Sendable () -> Void }
  let codeWritten = Mutex<Listener?>(nil)

  static let page = 4096
  static let hugePage = 2 << 20
  /// Pages of RAM and of video memory.
  package var pageCount: Int { Int(size + videoSize) / Self.page }
  static let guardSize = 1 << 16

  public convenience init(size: UInt64, firmware image: [UInt8] = [], video: UInt64 = 0) throws(GuestMemoryError) {
    try self.init(size: size, firmwareCount: image.count, video: video)
    unsafe image.withUnsafeBytes { bytes in
      if let base = bytes.baseAddress { unsafe memcpy(firmware + firmwarePadding, base, bytes.count) }
    }
  }

  /// - Parameter size: at least 1 MiB, in whole pages.
  /// - Parameter firmwareCount: of the image shown below 4 GiB, at most 16 MiB less the pages KVM needs.
  /// - Parameter video: of a display, in whole pages; zero without one.
  public init(size: UInt64, firmwareCount: Int, video: UInt64 = 0) throws(GuestMemoryError) {
    precondition(size >= 1 << 20 && size % UInt64(Self.page) == 0, "RAM comes in pages, from 1 MiB on")
    precondition(UInt64(firmwareCount) <= Platform.largestFirmware, "firmware is at most 16 MiB")
    precondition(video % UInt64(Self.page) == 0 && video <= 1 << 30, "video memory comes in pages")
    self.size = size
    videoSize = video
    lowSize = min(size, Platform.lowRAMLimit)
    firmwareSize = UInt64(firmwareCount).roundedUp(toMultipleOf: UInt64(Self.page))
    firmwarePadding = Int(firmwareSize) - firmwareCount

    unsafe ram = try Self.map(Int(size + video), alignment: Self.hugePage)
    unsafe firmware = try Self.map(max(Int(firmwareSize), Self.page))
    unsafe marks = try Self.map(Int(size + video) / Self.page).assumingMemoryBound(to: UInt8.self)
    for i in 0..<firmwarePadding { unsafe firmware.storeBytes(of: 0xFF, toByteOffset: i, as: UInt8.self) }
    layout = Mutex(MemoryWindow.layout(low: lowSize, high: size - lowSize, firmware: firmwareSize, shadow: .reset))
  }

  deinit {
    unsafe Self.unmap(ram, Int(size + videoSize))
    unsafe Self.unmap(firmware, max(Int(firmwareSize), Self.page))
    unsafe Self.unmap(UnsafeMutableRawPointer(marks), pageCount)
  }

  /// The host may back RAM with huge pages: then both its own walks and KVM's end early, and a boot takes few faults. Best
  /// called before much is touched. The first huge page's worth stays in small pages, for guests that touch no more.
  ///
  /// The software CPU gains little by it. A host that is a virtual machine has to ask for most huge pages first, and then a
  /// boot without KVM waits longer for cleared memory than for anything else.
  public func allowHugePages() {
    let small = min(Int(size), Self.hugePage)
    unsafe madvise(ram + small, Int(size) - small, MADV_HUGEPAGE)
  }

  private static func map(_ count: Int, alignment: Int = page) throws(GuestMemoryError) -> UnsafeMutableRawPointer {
    let body = Int(UInt64(count).roundedUp(toMultipleOf: UInt64(page)))
    let slack = alignment - page
    let whole = body + 2 * guardSize + slack
    let reserved = unsafe mmap(nil, whole, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)
    guard let reserved = unsafe reserved, unsafe reserved != MAP_FAILED else {
      throw .host(call: "mmap", code: errno)
    }
    // What was reserved beyond the aligned part is given back.
    let first = UInt(bitPattern: reserved) + UInt(guardSize)
    let excess = Int(UInt64(first).roundedUp(toMultipleOf: UInt64(alignment)) - UInt64(first))
    let start = unsafe reserved + excess + guardSize
    if excess > 0 { unsafe munmap(reserved, excess) }
    if excess < slack { unsafe munmap(start + body + guardSize, slack - excess) }
    guard unsafe mprotect(start, body, PROT_READ | PROT_WRITE) == 0 else {
      let code = errno
      unsafe unmap(start, count)
      throw .host(call: "mprotect", code: code)
    }
    return unsafe start
  }

  private static func unmap(_ start: UnsafeMutableRawPointer, _ count: Int) {
    let body = Int(UInt64(count).roundedUp(toMultipleOf: UInt64(page)))
    unsafe munmap(start - guardSize, body + 2 * guardSize)
  }

  // MARK: RAM, as devices and loaders see it

  /// Where a range lies in the RAM mapping, or nil unless all of it is RAM.
  @inlinable package func ramOffset(_ address: GuestAddress, _ count: Int) -> Int? {
    guard count >= 0 else { return nil }
    let (end, overflow) = address.value.addingReportingOverflow(UInt64(count))
    guard !overflow else { return nil }
    if end <= lowSize { return Int(address.value) }
    guard address.value >= Platform.highRAMStart, end - Platform.highRAMStart <= size - lowSize else { return nil }
    return Int(address.value - Platform.highRAMStart + lowSize)
  }

  public func contains(_ address: GuestAddress, count: Int) -> Bool { ramOffset(address, count) != nil }

  private func place(_ address: GuestAddress, _ count: Int) throws(GuestMemoryError) -> UnsafeMutableRawPointer {
    guard let offset = ramOffset(address, count) else { throw .notRAM(address: address.value, count: count) }
    return unsafe ram + offset
  }

  @inlinable public func load<T: FixedWidthInteger & UnsignedInteger>(_: T.Type = T.self, at address: GuestAddress)
    throws(GuestMemoryError) -> T
  { T(truncatingIfNeeded: try load(T.bitWidth / 8, at: address)) }

  @inlinable public func store<T: FixedWidthInteger & UnsignedInteger>(_ value: T, at address: GuestAddress)
    throws(GuestMemoryError)
  { try store(UInt64(truncatingIfNeeded: value), T.bitWidth / 8, at: address) }

  /// A number of 1, 2, 4 or 8 bytes.
  @usableFromInline func load(_ count: Int, at address: GuestAddress) throws(GuestMemoryError) -> UInt64 {
    let place = unsafe try place(address, count)
    return switch count {
    case 1: unsafe UInt64(guest_load8(place))
    case 2: unsafe UInt64(guest_load16(place))
    case 4: unsafe UInt64(guest_load32(place))
    default: unsafe guest_load64(place)
    }
  }

  @usableFromInline func store(_ value: UInt64, _ count: Int, at address: GuestAddress) throws(GuestMemoryError) {
    let place = unsafe try place(address, count)
    switch count {
    case 1: unsafe guest_store8(place, UInt8(truncatingIfNeeded: value))
    case 2: unsafe guest_store16(place, UInt16(truncatingIfNeeded: value))
    case 4: unsafe guest_store32(place, UInt32(truncatingIfNeeded: value))
    default: unsafe guest_store64(place, value)
    }
    didWrite(address, count)
  }

  /// A private copy of guest bytes: check the copy, use the copy.
  public func bytes(_ count: Int, at address: GuestAddress) throws(GuestMemoryError) -> [UInt8] {
    let place = unsafe try place(address, count)
    return unsafe [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
      if let base = buffer.baseAddress { unsafe memcpy(base, place, count) }
      initialized = count
    }
  }

  public func write(_ bytes: [UInt8], at address: GuestAddress) throws(GuestMemoryError) {
    try write(bytes[...], at: address)
  }

  public func write(_ bytes: ArraySlice<UInt8>, at address: GuestAddress) throws(GuestMemoryError) {
    let place = unsafe try place(address, bytes.count)
    unsafe bytes.withUnsafeBytes { source in
      if let base = source.baseAddress { unsafe memcpy(place, base, source.count) }
    }
    didWrite(address, bytes.count)
  }

  public func fill(_ byte: UInt8, count: Int, at address: GuestAddress) throws(GuestMemoryError) {
    let place = unsafe try place(address, count)
    unsafe memset(place, Int32(byte), count)
    didWrite(address, count)
  }

  // MARK: Rings

  /// A ring index, before whatever it makes visible is read.
  public func loadIndex(at address: GuestAddress) throws(GuestMemoryError) -> UInt16 {
    guard address.value % 2 == 0 else { throw .notRAM(address: address.value, count: 2) }
    return unsafe guest_load_acquire16(try place(address, 2))
  }

  /// A ring index, after everything that it makes visible was written.
  public func storeIndex(_ value: UInt16, at address: GuestAddress) throws(GuestMemoryError) {
    guard address.value % 2 == 0 else { throw .notRAM(address: address.value, count: 2) }
    unsafe guest_store_release16(try place(address, 2), value)
    didWrite(address, 2)
  }

  /// Orders a ring write before the look at whether the other side wants to be told.
  public func fence() { guest_fence() }

  // MARK: The guest's view

  /// What the guest sees where; gaps are the bus.
  public var windows: [MemoryWindow] { layout.withLock { $0 } }

  /// Lays the legacy window anew after the guest changed its shadow-RAM registers.
  ///
  /// - Parameter hidden: so many bytes at the firmware's start are not memory now: a flash chip answers there.
  /// - Parameter video: where video memory is now; nil for nowhere.
  public func setShadow(_ shadow: ShadowControl, hidingFirmware hidden: UInt64 = 0, videoAt video: GuestAddress? = nil) {
    layout.withLock {
      $0 = MemoryWindow.layout(low: lowSize, high: highSize, firmware: firmwareSize, hidden: hidden, shadow: shadow)
      if let video, videoSize > 0 {
        $0.append(MemoryWindow(range: MemoryRange(video, count: videoSize), backing: .ram(size), access: .readWrite))
      }
    }
  }

  /// Changes the firmware that the guest sees, as a flash chip does. False if there is not so much of it.
  public func programFirmware(_ bytes: ArraySlice<UInt8>, at offset: Int) -> Bool {
    guard offset >= 0, offset <= firmwareSize, bytes.count <= Int(firmwareSize) - offset else { return false }
    unsafe bytes.withUnsafeBytes { source in
      if let base = source.baseAddress { unsafe memcpy(firmware + offset, base, source.count) }
    }
    return true
  }

  /// Stores a write that the guest made over firmware whose RAM behind it is writable. False where it is not so.
  public func writeBehind(_ value: UInt64, _ width: AccessWidth, at address: GuestAddress) -> Bool {
    guard Platform.shadow.contains(address),
      windows.contains(where: { $0.access == .writeBehind && $0.range.contains(address) })
    else { return false }
    return (try? write((0..<width.byteCount).map { UInt8(truncatingIfNeeded: value >> UInt64($0 * 8)) }, at: address)) != nil
  }

  /// Where a window's bytes are on the host, for an accelerator that maps them.
  @unsafe package func hostAddress(of window: MemoryWindow) -> UnsafeMutableRawPointer {
    switch window.backing {
    case .ram(let offset): unsafe ram + Int(offset)
    case .firmware(let offset): unsafe firmware + Int(offset)
    }
  }
}
