extension Core {
  /// One string instruction; under REP it runs to its end, or to an interrupt between two elements.
  /// Returns whether it must be started again at the same place.
  func string<T: RegisterWidth>(_ i: Instruction, _: T.Type) throws(Fault) -> Bool {
    let size = UInt64(T.bitWidth / 8)
    let step = self[.systemFlags] & Flags.df == 0 ? size : 0 &- size
    if i.operation == .inputString || i.operation == .outputString { try checkPort(UInt16(truncatingIfNeeded: self[.rdx]), Int(size)) }
    guard !i.prefixes.isDisjoint(with: .repeated) else { try stringStep(i, T.self, step); return false }
    if i.operation == .compareString || i.operation == .scanString { return try compareRepeatedly(i, T.self, step) }
    let operation = i.operation
    let most = mostElements
    var done: UInt64 = 0
    while truncated(self[.rcx], i.addressWidth) != 0 {
      if done >= most || done > 0 && self[.attention] != 0 { return true }
      let chunk = most > 1 ? fastChunk(i, T.self, upwards: step == size) : 0
      if chunk > 0 {
        advance(1, 0 &- chunk, i.addressWidth)
        done += chunk
        continue
      }
      try stringStep(i, T.self, step)
      advance(1, 0 &- 1, i.addressWidth)
      done += 1
      // It wrote over its own code: what is left is done by what stands there now.
      if i.operation != operation { return true }
    }
    return false
  }

  /// How many elements are done at once, before whoever wants attention gets it; TF traps after each.
  private var mostElements: UInt64 { self[.systemFlags] & Flags.tf != 0 ? 1 : 65536 }

  /// REPE and REPNE of CMPS and SCAS: a fault leaves the flags of the last comparison.
  private func compareRepeatedly<T: RegisterWidth>(_ i: Instruction, _: T.Type, _ step: UInt64) throws(Fault) -> Bool {
    let most = mostElements
    var done: UInt64 = 0
    while truncated(self[.rcx], i.addressWidth) != 0 {
      if done >= most || done > 0 && self[.attention] != 0 { return true }
      if step == UInt64(T.bitWidth / 8) && most > 1 { done += skipAlike(i, T.self) }
      try stringStep(i, T.self, step)
      advance(1, 0 &- 1, i.addressWidth)
      done += 1
      if isZero != i.prefixes.contains(.repeatZero) { return false }
    }
    return false
  }

  /// Goes over elements that do not end a repeated comparison, and are not its last, as far as they lie within one page;
  /// returns how many. The flags are those of the last of them: the next may fault.
  private func skipAlike<T: RegisterWidth>(_ i: Instruction, _: T.Type) -> UInt64 {
    guard isFlat else { return 0 }
    let size = UInt64(T.bitWidth / 8)
    let (to, from) = (truncated(self[.rdi], i.addressWidth), truncated(self[.rsi], i.addressWidth))
    let compares = i.operation == .compareString
    var most = min(truncated(self[.rcx], i.addressWidth) &- 1, (4096 - to & 0xFFF) / size)
    if compares { most = min(most, (4096 - from & 0xFFF) / size) }
    guard most > 0, !compares || i.segment == .flat, let b = unsafe readHost(to, Int(most * size)) else { return 0 }
    let goesOnWhileEqual = i.prefixes.contains(.repeatZero)
    var alike = 0
    if compares {
      guard let a = unsafe readHost(from, Int(most * size)) else { return 0 }
      while alike < Int(most),
        unsafe (a.loadUnaligned(fromByteOffset: alike &* Int(size), as: T.self) == b.loadUnaligned(fromByteOffset: alike &* Int(size), as: T.self)) == goesOnWhileEqual
      { alike &+= 1 }
      if alike > 0 {
        let last = (alike &- 1) &* Int(size)
        _ = difference(unsafe a.loadUnaligned(fromByteOffset: last, as: T.self), unsafe b.loadUnaligned(fromByteOffset: last, as: T.self), 0)
      }
      advance(6, UInt64(alike) &* size, i.addressWidth)
    } else {
      let value: T = get(0)
      while alike < Int(most), unsafe (b.loadUnaligned(fromByteOffset: alike &* Int(size), as: T.self) == value) == goesOnWhileEqual { alike &+= 1 }
      if alike > 0 { _ = difference(value, unsafe b.loadUnaligned(fromByteOffset: (alike &- 1) &* Int(size), as: T.self), 0) }
    }
    advance(7, UInt64(alike) &* size, i.addressWidth)
    advance(1, 0 &- UInt64(alike), i.addressWidth)
    return UInt64(alike)
  }

  /// Moves or stores as many elements as lie within one page at once; zero if the slow way is needed.
  private func fastChunk<T: RegisterWidth>(_ i: Instruction, _: T.Type, upwards: Bool) -> UInt64 {
    guard i.operation == .moveString || i.operation == .storeString, isFlat else { return 0 }
    let size = UInt64(T.bitWidth / 8)
    let (to, from) = (truncated(self[.rdi], i.addressWidth), truncated(self[.rsi], i.addressWidth))
    /// How many elements from an address on end in its page.
    func room(_ address: UInt64) -> UInt64 { upwards ? (4096 - address & 0xFFF) / size : (address & 0xFFF) / size + 1 }
    var count = min(truncated(self[.rcx], i.addressWidth), room(to))
    if i.operation == .moveString { count = min(count, room(from)) }
    guard count > 1 else { return 0 }
    // The lowest of them; downwards the first is the highest, and must not leave the page either.
    let below = upwards ? 0 : (count - 1) &* size
    let length = Int(count * size)
    let way = upwards ? count &* size : 0 &- count &* size
    guard let p = unsafe writeHost(to &- below, length) else { return 0 }
    if i.operation == .storeString {
      let value: T = get(0)
      for n in 0..<Int(count) { unsafe p.storeBytes(of: value, toByteOffset: n &* Int(size), as: T.self) }
    } else {
      guard i.segment == .flat, let q = unsafe readHost(from &- below, length) else { return 0 }
      // Where an element is written before it is read a pattern repeats: one by one then.
      let distance = unsafe upwards ? p - UnsafeMutableRawPointer(mutating: q) : UnsafeMutableRawPointer(mutating: q) - p
      if distance <= 0 || distance >= length {
        unsafe p.copyMemory(from: q, byteCount: length)
      } else {
        for n in 0..<Int(count) {
          let place = (upwards ? n : Int(count) - 1 - n) &* Int(size)
          unsafe p.storeBytes(of: q.loadUnaligned(fromByteOffset: place, as: T.self), toByteOffset: place, as: T.self)
        }
      }
      advance(6, way, i.addressWidth)
    }
    advance(7, way, i.addressWidth)
    return count
  }

  private func advance(_ register: Int, _ amount: UInt64, _ width: UInt8) {
    setRegister(UInt8(register), self[register: register] &+ amount, width)
  }
  private func source(_ i: Instruction, _ count: Int) throws(Fault) -> UInt64 {
    try linear(i.segment, truncated(self[.rsi], i.addressWidth), count, write: false)
  }
  private func target(_ i: Instruction, _ count: Int, write: Bool) throws(Fault) -> UInt64 {
    try linear(isFlat ? .flat : .es, truncated(self[.rdi], i.addressWidth), count, write: write)
  }

  private func stringStep<T: RegisterWidth>(_ i: Instruction, _: T.Type, _ step: UInt64) throws(Fault) {
    let count = T.bitWidth / 8
    switch i.operation {
    case .moveString:
      let value: T = try read(source(i, count))
      try write(target(i, count, write: true), value)
      advance(6, step, i.addressWidth)
      advance(7, step, i.addressWidth)
    case .storeString:
      try write(target(i, count, write: true), get(0, T.self))
      advance(7, step, i.addressWidth)
    case .loadString:
      set(0, try read(source(i, count), T.self))
      advance(6, step, i.addressWidth)
    case .compareString:
      let b: T = try read(target(i, count, write: false))
      let a: T = try read(source(i, count))
      _ = difference(a, b, 0)
      advance(6, step, i.addressWidth)
      advance(7, step, i.addressWidth)
    case .scanString:
      _ = difference(get(0, T.self), try read(target(i, count, write: false)), 0)
      advance(7, step, i.addressWidth)
    case .inputString:
      let address = try target(i, count, write: true)
      try probe(address, count, write: true)
      try write(address, T(truncatingIfNeeded: try portRead(UInt16(truncatingIfNeeded: self[.rdx]), count)))
      advance(7, step, i.addressWidth)
    default:
      let value: T = try read(source(i, count))
      try portWrite(UInt16(truncatingIfNeeded: self[.rdx]), UInt64(value), count)
      advance(6, step, i.addressWidth)
    }
  }
}
