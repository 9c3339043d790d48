import Primitives

/// The layout of the CMOS memory.
extension RealTimeClock {
  enum Field {
    static let second = 0x00
    static let secondAlarm = 0x01
    static let minute = 0x02
    static let minuteAlarm = 0x03
    static let hour = 0x04
    static let hourAlarm = 0x05
    static let weekday = 0x06
    static let day = 0x07
    static let month = 0x08
    static let year = 0x09
    static let statusA = 0x0A
    static let statusB = 0x0B
    static let statusC = 0x0C
    static let statusD = 0x0D
    static let century = 0x32

    static let time = [second, minute, hour, weekday, day, month, year, century]
  }

  var isHeld: Bool { memory[Field.statusB][bit: 7] }
  private var isBinary: Bool { memory[Field.statusB][bit: 2] }
  private var is24Hour: Bool { memory[Field.statusB][bit: 1] }

  /// One field of a time as its register shows it.
  func encoded(_ time: CalendarTime, _ field: Int) -> UInt8 {
    switch field {
    case Field.second: encoded(time.second)
    case Field.minute: encoded(time.minute)
    case Field.hour where is24Hour: encoded(time.hour)
    case Field.hour: encoded((time.hour + 11) % 12 + 1) | (time.hour >= 12 ? 0x80 : 0)
    case Field.weekday: encoded(time.weekday)
    case Field.day: encoded(time.day)
    case Field.month: encoded(time.month)
    case Field.year: encoded(CalendarTime.floored(time.year, 100).remainder)
    default: encoded(CalendarTime.floored(time.year, 100).quotient)
    }
  }

  private func encoded(_ value: Int64) -> UInt8 {
    UInt8(truncatingIfNeeded: isBinary ? value : (value / 10) << 4 | value % 10)
  }

  /// The time that the registers say.
  var decodedTime: CalendarTime {
    var time = CalendarTime(secondsSince1970: 0)
    time.second = decoded(memory[Field.second])
    time.minute = decoded(memory[Field.minute])
    time.hour = decodedHour
    time.day = decoded(memory[Field.day])
    time.month = decoded(memory[Field.month])
    time.year = decoded(memory[Field.century]) * 100 + decoded(memory[Field.year])
    return time
  }

  private var decodedHour: Int64 {
    let register = memory[Field.hour]
    guard !is24Hour else { return decoded(register) }
    return decoded(register & 0x7F) % 12 + (register[bit: 7] ? 12 : 0)
  }

  private func decoded(_ byte: UInt8) -> Int64 {
    isBinary ? Int64(byte) : Int64(byte >> 4) * 10 + Int64(byte & 0x0F)
  }

  /// Whether one alarm register matches; its two top bits together mean "any".
  func alarmMatches(_ time: CalendarTime, _ alarm: Int) -> Bool {
    memory[alarm] >= 0xC0 || memory[alarm] == encoded(time, alarm - 1)
  }

  /// The memory as it leaves the factory, for this board.
  static func memory(of board: Facts) -> [UInt8] {
    let kilobyte: UInt64 = 1 << 10
    let megabyte: UInt64 = 1 << 20
    func above(_ start: UInt64) -> UInt64 { board.lowMemory > start ? board.lowMemory - start : 0 }
    let extended = UInt16(clamping: above(megabyte) / kilobyte)
    let above16M = UInt16(clamping: above(16 * megabyte) / (64 * kilobyte))
    let above4G = min(board.highMemory / (64 * kilobyte), 0xFF_FFFF)

    var memory = [UInt8](repeating: 0, count: 128)
    memory[Field.statusA] = 0x26  // 32768 Hz crystal, 1024 Hz periodic rate
    memory[Field.statusB] = 0x02  // 24 hours, BCD
    memory[Field.statusD] = 0x80  // the battery is good
    memory[0x14] = 0x04  // equipment: keyboard
    memory.store(UInt16(640), at: 0x15)
    memory.store(extended, at: 0x17)
    memory.store(extended, at: 0x30)
    memory.store(above16M, at: 0x34)
    memory[0x38] = 0x11  // third boot choice: floppy; and it need not carry a signature
    memory[0x3D] = 0x32  // first and second boot choice: disk, CD
    for byte in 0..<3 { memory[0x5B + byte] = UInt8(truncatingIfNeeded: above4G >> UInt64(byte * 8)) }
    memory[0x5F] = UInt8(clamping: max(board.cpuCount, 1) - 1)
    return memory
  }
}
