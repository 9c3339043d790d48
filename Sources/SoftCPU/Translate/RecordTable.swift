internal import Glibc

/// Records by number, in memory that the host gives as they come. Nothing about it is counted or locked: whoever has made
/// a table unmaps it.
@safe struct RecordTable<Record: BitwiseCopyable> {
  @unsafe let base: UnsafeMutablePointer<Record>
  private(set) var count = 0
  let capacity: Int

  /// Nil if the host has no address space for so many.
  init?(capacity: Int) {
    let size = capacity * MemoryLayout<Record>.stride
    let place = unsafe mmap(nil, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)
    guard let place = unsafe place, unsafe place != MAP_FAILED else { return nil }
    unsafe base = place.bindMemory(to: Record.self, capacity: capacity)
    self.capacity = capacity
  }

  func unmap() { unsafe munmap(base, capacity * MemoryLayout<Record>.stride) }

  subscript(number: Int) -> Record {
    @inline(__always) get {
      precondition(number >= 0 && number < capacity, "records have numbers")
      return unsafe base[number]
    }
    @inline(__always) nonmutating set {
      precondition(number >= 0 && number < capacity, "records have numbers")
      unsafe base[number] = newValue
    }
  }

  /// The caller has seen that there is room.
  mutating func append(_ record: Record) {
    self[count] = record
    count += 1
  }

  mutating func removeAll() { count = 0 }
}
