internal import Host
import GuestRAM
internal import Primitives
import Processor

/// One debugger's conversation in GDB's remote protocol: bytes in, bytes out.
public struct RemoteSession {
  private let target: any RemoteTarget
  private var reader = PacketReader()
  private var wantsAcknowledgement = true
  private var last: [UInt8] = []
  private var stop = Stop(processor: 0, cause: .interrupt)
  /// Which processor registers and memory are asked of.
  private var current = 0
  /// Which processor the old commands for going on mean.
  private var runner = 0
  private var traps = DebugTraps()
  /// The debugger said goodbye.
  public private(set) var isOver = false

  private static let error = "E01"

  public init(_ target: any RemoteTarget) { self.target = target }

  /// What to answer.
  public mutating func receive(_ bytes: [UInt8]) -> [UInt8] {
    var output: [UInt8] = []
    for byte in bytes {
      switch reader.read(byte) {
      case nil: continue
      case .interrupt: target.interrupt()
      case .retransmit: output += last
      case .damaged: if wantsAcknowledgement { output.append(UInt8(ascii: "-")) }
      case .packet(let data):
        if wantsAcknowledgement { output.append(UInt8(ascii: "+")) }
        if let answer = answer(data) {
          last = PacketReader.frame(answer)
          output += last
        }
      }
    }
    return output
  }

  /// Tells that the guest stopped.
  public mutating func stopped(_ stop: Stop) -> [UInt8] {
    self.stop = stop
    current = stop.processor
    last = PacketReader.frame(Array(describe(stop).utf8))
    return last
  }

  /// Tells that the run is over.
  public func exited(_ status: UInt8) -> [UInt8] { PacketReader.frame(Array("W\(Hex.text([status]))".utf8)) }

  private func describe(_ stop: Stop) -> String {
    let thread = "thread:\((stop.processor + 1).hex());"
    switch stop.cause {
    case .interrupt: return "T02\(thread)"
    case .trap(.watchpoint(let watch)):
      let kind = watch.reads ? watch.writes ? "awatch" : "rwatch" : "watch"
      return "T05\(kind):\(watch.address.hex());\(thread)"
    case .shutdown: return "T0b\(thread)"
    case .trap: return "T05\(thread)"
    }
  }

  // MARK: Commands

  /// Nil where the answer comes later.
  private mutating func answer(_ packet: [UInt8]) -> [UInt8]? {
    guard let command = packet.first else { return [] }
    let rest = packet.dropFirst()
    if command == UInt8(ascii: "X") { return Array(writeBinary(rest).utf8) }
    let text = String(decoding: rest, as: UTF8.self)
    let name = Character(UnicodeScalar(command))
    if name == "q", let part = transfer(text) { return part }
    return answer(name, text).map { Array($0.utf8) }
  }

  private mutating func answer(_ command: Character, _ text: String) -> String? {
    do throws(ProcessorError) {
      switch command {
      case "?": return describe(stop)
      case "g":
        let state = try target.state(of: current)
        return RegisterLayout.all.map { RegisterLayout.text($0, of: state) }.joined()
      case "G": return try setRegisters(text)
      case "p": return try readRegister(text)
      case "P": return try setRegister(text)
      case "m": return try readMemory(text)
      case "M": return try writeMemory(text)
      case "Z", "z": return try setPoint(text, isSet: command == "Z")
      case "c", "C":
        try target.resume(stepping: nil)
        return nil
      case "s", "S":
        try target.resume(stepping: runner)
        return nil
      case "v": return try resume(text)
      case "H": return chooseThread(text)
      case "T": return thread(text[...]) == nil ? Self.error : "OK"
      case "q", "Q": return query(text)
      case "D":
        isOver = true
        return "OK"
      case "k":
        target.kill()
        return nil
      default: return ""
      }
    } catch {
      return Self.error
    }
  }

  private mutating func query(_ text: String) -> String {
    switch text {
    case _ where text.hasPrefix("Supported"):
      return "PacketSize=\(PacketReader.limit.hex());qXfer:features:read+;vContSupported+;QStartNoAckMode+"
    case "StartNoAckMode":
      wantsAcknowledgement = false
      return "OK"
    case "C": return "QC\((current + 1).hex())"
    case "Attached": return "1"
    case "fThreadInfo": return "m" + (1...max(target.processorCount, 1)).map { $0.hex() }.joined(separator: ",")
    case "sThreadInfo": return "l"
    case _ where text.hasPrefix("ThreadExtraInfo,"):
      guard let processor = thread(text.dropFirst(16)) else { return Self.error }
      return Hex.text("processor \(processor)".utf8)
    default: return ""
    }
  }

  /// A part of the target description, if that is what is asked for.
  private func transfer(_ text: String) -> [UInt8]? {
    let prefix = "Xfer:features:read:target.xml:"
    guard text.hasPrefix(prefix) else { return nil }
    guard let (offset, count) = Self.pair(text.dropFirst(prefix.count)) else { return Array(Self.error.utf8) }
    let rest = Array(RegisterLayout.description.utf8).dropFirst(Int(clamping: offset))
    let part = rest.prefix(Int(clamping: min(count, UInt64(PacketReader.limit / 2))))
    return [UInt8(ascii: part.count < rest.count ? "m" : "l")] + PacketReader.escaped(part)
  }

  // MARK: Threads are processors

  private func thread(_ text: Substring) -> Int? {
    guard let number = Int(text, radix: 16), (1...target.processorCount).contains(number) else { return nil }
    return number - 1
  }

  private mutating func chooseThread(_ text: String) -> String {
    let number = text.dropFirst()
    // 0 is any, -1 all.
    let processor = number == "0" || number == "-1" ? stop.processor : thread(number)
    guard let processor else { return Self.error }
    if text.first == "g" { current = processor } else { runner = processor }
    return "OK"
  }

  private func resume(_ text: String) throws(ProcessorError) -> String? {
    if text == "Cont?" { return "vCont;c;C;s;S" }
    if text.hasPrefix("Kill") {
      target.kill()
      return "OK"
    }
    guard text.hasPrefix("Cont;") else { return "" }
    for action in text.dropFirst(5).split(separator: ";") {
      let parts = action.split(separator: ":", maxSplits: 1)
      switch parts.first?.first {
      case "s", "S":
        let processor = parts.count < 2 || parts[1] == "-1" ? stop.processor : thread(parts[1])
        guard let processor else { return Self.error }
        try target.resume(stepping: processor)
        return nil
      case "c", "C": continue
      default: return Self.error
      }
    }
    try target.resume(stepping: nil)
    return nil
  }

  // MARK: Registers

  private func setRegisters(_ text: String) throws(ProcessorError) -> String {
    var digits = text.utf8[...]
    var state = try target.state(of: current)
    for register in RegisterLayout.all {
      let part = digits.prefix(2 * register.byteCount)
      guard part.count == 2 * register.byteCount else { break }
      digits = digits.dropFirst(part.count)
      // What GDB itself does not know stays as it is.
      if let bytes = Hex.bytes(part) { RegisterLayout.set(register, of: &state, to: bytes) }
    }
    try target.setState(state, of: current)
    return "OK"
  }

  private func readRegister(_ text: String) throws(ProcessorError) -> String {
    guard let number = Int(text, radix: 16), RegisterLayout.all.indices.contains(number) else { return Self.error }
    return RegisterLayout.text(RegisterLayout.all[number], of: try target.state(of: current))
  }

  private func setRegister(_ text: String) throws(ProcessorError) -> String {
    let parts = text.split(separator: "=")
    guard parts.count == 2, let number = Int(parts[0], radix: 16), RegisterLayout.all.indices.contains(number),
      let bytes = Hex.bytes(parts[1].utf8), RegisterLayout.all[number].set != nil
    else { return Self.error }
    var state = try target.state(of: current)
    RegisterLayout.set(RegisterLayout.all[number], of: &state, to: bytes)
    try target.setState(state, of: current)
    return "OK"
  }

  // MARK: Memory

  /// `address,count`
  private static func pair(_ text: some StringProtocol) -> (UInt64, UInt64)? {
    let parts = text.split(separator: ",", omittingEmptySubsequences: false)
    guard parts.count == 2, let first = UInt64(parts[0], radix: 16), let second = UInt64(parts[1], radix: 16) else { return nil }
    return (first, second)
  }

  private func readMemory(_ text: String) throws(ProcessorError) -> String {
    guard let (address, count) = Self.pair(text) else { return Self.error }
    let bytes = try target.memory(seenBy: current).bytes(Int(clamping: min(count, UInt64(PacketReader.limit / 4))), at: address)
    return bytes.isEmpty && count > 0 ? Self.error : Hex.text(bytes)
  }

  private func writeMemory(_ text: String) throws(ProcessorError) -> String {
    let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
    guard parts.count == 2, let (address, count) = Self.pair(parts[0]), let bytes = Hex.bytes(parts[1].utf8) else { return Self.error }
    return try write(bytes, count, at: address)
  }

  private func writeBinary(_ packet: ArraySlice<UInt8>) -> String {
    let parts = packet.split(separator: UInt8(ascii: ":"), maxSplits: 1, omittingEmptySubsequences: false)
    guard parts.count == 2, let (address, count) = Self.pair(String(decoding: parts[0], as: UTF8.self)) else { return Self.error }
    do throws(ProcessorError) { return try write(PacketReader.unescaped(parts[1]), count, at: address) } catch { return Self.error }
  }

  private func write(_ bytes: [UInt8], _ count: UInt64, at address: UInt64) throws(ProcessorError) -> String {
    guard UInt64(bytes.count) == count else { return Self.error }
    return try target.memory(seenBy: current).write(bytes, at: address) ? "OK" : Self.error
  }

  // MARK: Breakpoints and watchpoints

  /// `kind,address,count`; breakpoints of both kinds are the same here.
  private mutating func setPoint(_ text: String, isSet: Bool) throws(ProcessorError) -> String {
    guard let kind = text.first, text.dropFirst().first == ",",
      let (address, count) = Self.pair(text.dropFirst(2).prefix { $0 != ";" })
    else { return Self.error }
    var wanted = traps
    switch kind {
    case "0", "1":
      if isSet { wanted.breakpoints.insert(address) } else { wanted.breakpoints.remove(address) }
    case "2", "3", "4":
      guard [1, 2, 4, 8].contains(count), address % count == 0 else { return Self.error }
      let watch = DebugTraps.Watchpoint(address: address, count: count, reads: kind != "2", writes: kind != "3")
      if isSet { wanted.watchpoints.insert(watch) } else { wanted.watchpoints.remove(watch) }
    default: return ""
    }
    guard wanted.breakpoints.count + wanted.watchpoints.count <= Self.mostPoints else { return Self.error }
    try target.setTraps(wanted)
    traps = wanted
    return "OK"
  }

  private static let mostPoints = 4096
}
