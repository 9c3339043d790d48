internal import Glibc
package import GuestRAM
internal import Primitives
package import Processor
internal import Synchronization

/// The guest's memory, and what all cores that share it know of its pages.
@safe package final class SharedMemory: Sendable {
  package let ram: GuestMemory
  /// Counts, for each page of RAM, how often code in it was cached anew.
  nonisolated(unsafe) let versions: UnsafeMutablePointer<UInt32>
  let code: CodeMap
  private nonisolated(unsafe) let tables: UnsafeMutableRawPointer
  private let changes = Atomic<UInt32>(0)
  /// Two processors do not begin with the same page at once.
  private let beginning = Mutex<Void>(())

  package init(_ ram: GuestMemory) throws(ProcessorError) {
    self.ram = ram
    // A guest may have far more pages than it ever has code in: what is not touched takes no memory.
    let mapped = unsafe mmap(nil, Self.tablesSize(ram), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)
    guard let mapped = unsafe mapped, unsafe mapped != MAP_FAILED else {
      throw ProcessorError("the host has no memory for a guest of \(ram.size >> 20) MiB. Ask for less with --memory.")
    }
    unsafe tables = mapped
    unsafe code = CodeMap(mapped)
    unsafe versions = (mapped + ram.pageCount * CodeMap.pageSize).assumingMemoryBound(to: UInt32.self)
  }
  deinit { unsafe munmap(tables, Self.tablesSize(ram)) }

  private static func tablesSize(_ ram: GuestMemory) -> Int {
    ram.pageCount * (CodeMap.pageSize + MemoryLayout<UInt32>.stride)
  }

  /// How often the map of physical memory has changed.
  var generation: UInt32 { changes.load(ordering: .acquiring) }
  package func noteChange() { changes.add(1, ordering: .releasing) }

  func codeMark(_ page: Int) -> UInt8 { unsafe ram.codeMarks[page] }
  /// Nothing that was decoded of a page of RAM is good any more.
  func endCode(_ page: Int) { unsafe ram.codeMarks[page] = 0 }

  /// A page of RAM has decoded code from now on, of another version than before; false if it had already.
  func beginCode(_ page: Int) -> Bool {
    beginning.withLock { _ in
      if codeMark(page) == 1 { return false }
      unsafe versions[page] &+= 1
      code.clear(page)
      unsafe ram.codeMarks[page] = 1
      return true
    }
  }

  /// The windows of physical memory that have bytes on the host.
  func windows() -> [PhysicalWindow] {
    let windows = ram.windows
    // RAM is one mapping, and its first window begins it.
    let start = unsafe ram.hostAddress(of: windows[0])
    return windows.map { window in
      let host = unsafe ram.hostAddress(of: window)
      var offset: Int?
      if case .ram(let place) = window.backing, window.access == .readWrite { offset = Int(place) }
      if window.access == .writeBehind { offset = Int(window.range.first.value) }
      var writeHost = unsafe host
      if window.access == .writeBehind {
        unsafe writeHost = start + Int(window.range.first.value)
      }
      return unsafe PhysicalWindow(
        first: window.range.first.value, last: window.range.last.value, host: host, writeHost: writeHost, writeOffset: offset)
    }
  }
}
