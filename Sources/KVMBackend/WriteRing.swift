internal import CLinux
internal import DeviceModel
internal import Primitives

/// The ring in which KVM leaves writes without leaving the guest. A machine has one, which is in the page of each processor.
///
/// Safe because the kernel writes no entry from `first` on to the one before `last`, and only the holder of `GatheredWrites`' lock
/// takes them.
@safe struct WriteRing: @unchecked Sendable {
  /// One write of the guest.
  struct Write: Equatable {
    let address: UInt64
    let isPort: Bool
    let count: Int
    let value: UInt64
  }

  private static let capacity: UInt32 = (4096 - 8) / 24
  private let page: UnsafeMutableRawPointer

  init(_ page: UnsafeMutableRawPointer) { unsafe self.page = page }

  private var first: UInt32 { unsafe guest_load32(page) }
  private var last: UInt32 { unsafe guest_load32(page + 4) }

  /// Whether every write has been taken, and done.
  var isEmpty: Bool { first == last }

  /// Hands on the writes that are there, in order. Each counts as there until it is done.
  func forEach(_ body: (Write) -> Void) {
    var index = first
    while index != last, index < Self.capacity {
      let entry = unsafe page + 8 + 24 * Int(index)
      let count = unsafe Int(min(guest_load32(entry + 8), 8))
      let write = unsafe Write(address: guest_load64(entry), isPort: guest_load32(entry + 12) != 0, count: count, value: guest_load64(entry + 16))
      body(write)
      index = (index + 1) % Self.capacity
      unsafe guest_store32(page, index)
    }
  }
}
