internal import Primitives

/// The text screen of INT 10h: cells in memory as a display adapter has them, and shown on a terminal behind the
/// serial port as well. The terminal's cursor is moved only when something is to be written elsewhere.
struct Screen {
  static var columns: Int { 80 }
  static var rows: Int { 25 }
  private static var cells: GuestAddress { 0xB_8000 }
  private static var rowSize: Int { columns * 2 }

  /// Where the terminal's cursor is.
  private var row = 0
  private var column = 0
  private var isInverse = false
  /// Shows the cells by itself; nil where only the terminal does.
  var display: DisplayAdapter?

  static func address(_ row: Int, _ column: Int) -> GuestAddress { cells + (row * rowSize + column * 2) }

  // MARK: The cursor, which programs also read from the BIOS data area

  func cursor<H: Hardware>(_ hardware: H) -> (row: Int, column: Int) {
    let place = hardware.word(at: BIOSData.cursor)
    return (min(Int(place >> 8), Self.rows - 1), min(Int(place & 0xFF), Self.columns - 1))
  }

  func setCursor<H: Hardware>(_ row: Int, _ column: Int, _ hardware: H) {
    hardware.put(UInt16(truncatingIfNeeded: row << 8 | column), at: BIOSData.cursor)
    display?.setCursor(row * Self.columns + column, hardware)
  }

  // MARK: Writing

  /// Writes at the cursor as a typewriter does: control characters move it, and the screen scrolls.
  mutating func type<H: Hardware>(_ character: UInt8, attribute: UInt8?, _ console: Console<H>) {
    let hardware = console.hardware
    var (row, column) = cursor(hardware)
    switch character {
    case 0x07: console.send(0x07)
    case 0x08: column = max(column - 1, 0)
    case 0x0A: row += 1
    case 0x0D: column = 0
    default:
      put(character, attribute: attribute, row, column, console)
      column += 1
    }
    if column == Self.columns {
      column = 0
      row += 1
    }
    // The usual end of a line goes out at once, so that nothing waits for the next word.
    if character == 0x0A || character == 0x0D { follow(character, console) }
    if row == Self.rows {
      row -= 1
      let attribute = hardware.byte(at: Self.address(row, Self.columns - 1) + 1)
      scrollUp(attribute: attribute, console)
    }
    setCursor(row, column, hardware)
  }

  /// Sends CR and LF on where the terminal's cursor is where ours was.
  private mutating func follow<H: Hardware>(_ character: UInt8, _ console: Console<H>) {
    let place = cursor(console.hardware)
    guard (row, column) == place else { return }
    if character == 0x0D {
      console.send(character)
      column = 0
    } else if row < Self.rows - 1 {
      console.send(character)
      row += 1
    }
  }

  /// Shows a character of the firmware's own words, which the terminal has got already.
  mutating func echo<H: Hardware>(_ character: UInt8, _ hardware: H) {
    guard display != nil else { return }
    var (row, column) = cursor(hardware)
    if character != 0x0A {
      hardware.put(0x0700 | UInt16(character), at: Self.address(row, column))
      column += 1
    }
    if character == 0x0A || column == Self.columns { (row, column) = (row + 1, 0) }
    if row == Self.rows {
      row -= 1
      hardware.copy(UInt32(row * Self.rowSize), from: Self.address(1, 0), to: Self.cells)
      blank(row, 0..<Self.columns, 0x07, hardware)
    }
    setCursor(row, column, hardware)
    (self.row, self.column) = (row, column)
  }

  /// Puts one cell, and shows it.
  mutating func put<H: Hardware>(
    _ character: UInt8, attribute: UInt8?, _ row: Int, _ column: Int, _ console: Console<H>
  ) {
    let cell = Self.address(row, column)
    let before = console.hardware.word(at: cell)
    console.hardware.put(character, at: cell)
    if let attribute { console.hardware.put(attribute, at: cell + 1) }
    // Programs blank a screen cell by cell, and write a character once for its colour and again to move on; a
    // terminal has no use for either.
    let isShown = character == 0x20 || (self.row, self.column) == (row, column + 1)
    if !isShown || before != console.hardware.word(at: cell) { show(cell, row, column, console) }
  }

  private mutating func show<H: Hardware>(_ cell: GuestAddress, _ row: Int, _ column: Int, _ console: Console<H>) {
    move(row, column, console)
    let attribute = console.hardware.byte(at: cell + 1)
    // Black on something is how menus show what is chosen.
    let isInverse = attribute & 0x70 != 0
    if isInverse != self.isInverse {
      console.write(isInverse ? "\u{1B}[7m" : "\u{1B}[0m")
      self.isInverse = isInverse
    }
    console.send(Self.plain(console.hardware.byte(at: cell)))
    // Behind the last column a terminal waits for what comes; CR and LF work from there.
    self.column += 1
  }

  private mutating func move<H: Hardware>(_ row: Int, _ column: Int, _ console: Console<H>) {
    guard (self.row, self.column) != (row, column) else { return }
    if row == self.row, isShortGap(to: column, console.hardware) {
      for _ in self.column..<column { console.send(0x20) }
    } else if row == self.row, self.column < Self.columns, column < self.column, self.column - column <= 4 {
      for _ in column..<self.column { console.send(0x08) }
    } else if column == 0, row == self.row || row == self.row + 1 {
      console.send(0x0D)
      if row != self.row { console.send(0x0A) }
    } else {
      console.write("\u{1B}[")
      console.write(decimal: UInt64(row + 1))
      console.write(";")
      console.write(decimal: UInt64(column + 1))
      console.write("H")
    }
    (self.row, self.column) = (row, column)
  }

  /// Whether nothing but a few blanks lies between the terminal's cursor and a column to its right.
  private func isShortGap<H: Hardware>(to column: Int, _ hardware: H) -> Bool {
    guard !isInverse, column > self.column, column - self.column <= 8 else { return false }
    for column in self.column..<column where hardware.word(at: Self.address(row, column)) & 0x70FF != 0x20 {
      return false
    }
    return true
  }

  /// Code page 437 in ASCII: lines become strokes, the rest of the upper half a question mark.
  private static func plain(_ character: UInt8) -> UInt8 {
    switch character {
    case 0x20..<0x7F: character
    case 0x00, 0xFF: 0x20
    case 0xB3, 0xBA: 0x7C
    case 0xC4, 0xCD: 0x2D
    case 0xB4...0xDA: 0x2B
    case 0x18, 0x1E: 0x5E
    case 0x19, 0x1F: 0x76
    default: 0x3F
    }
  }

  // MARK: Moving what is there

  /// A blank screen, of which the terminal is not told.
  func prepare<H: Hardware>(_ hardware: H) {
    for row in 0..<Self.rows { blank(row, 0..<Self.columns, 0x07, hardware) }
  }

  /// Everything becomes blank, and the cursor goes home.
  mutating func clear<H: Hardware>(attribute: UInt8, _ console: Console<H>) {
    for row in 0..<Self.rows { blank(row, 0..<Self.columns, attribute, console.hardware) }
    if isInverse { console.write("\u{1B}[0m") }
    console.write("\u{1B}[2J\u{1B}[H")
    (row, column, isInverse) = (0, 0, false)
  }

  private func blank<H: Hardware>(_ row: Int, _ columns: Range<Int>, _ attribute: UInt8, _ hardware: H) {
    for column in columns {
      hardware.put(UInt16(attribute) << 8 | 0x20, at: Self.address(row, column))
    }
  }

  private mutating func scrollUp<H: Hardware>(attribute: UInt8, _ console: Console<H>) {
    let last = Self.rows - 1
    console.hardware.copy(UInt32(last * Self.rowSize), from: Self.address(1, 0), to: Self.cells)
    blank(last, 0..<Self.columns, attribute, console.hardware)
    if row != last { move(last, 0, console) }
    console.send(0x0A)
  }

  /// Scrolls a window by some lines, up or down; 0 makes it blank.
  mutating func scroll<H: Hardware>(
    rows window: ClosedRange<Int>, columns: Range<Int>, by lines: Int, up: Bool, attribute: UInt8, _ console: Console<H>
  ) {
    let isWhole = window == 0...(Self.rows - 1) && columns == 0..<Self.columns
    let lines = lines == 0 ? window.count : min(lines, window.count)
    if isWhole, lines == window.count {
      let place = cursor(console.hardware)
      clear(attribute: attribute, console)
      return setCursor(place.row, place.column, console.hardware)
    }
    if isWhole, up {
      for _ in 0..<lines { scrollUp(attribute: attribute, console) }
      return
    }
    let count = UInt32(columns.count * 2)
    for step in 0..<window.count {
      let row = up ? window.lowerBound + step : window.upperBound - step
      let source = up ? row + lines : row - lines
      if window.contains(source) {
        let from = Self.address(source, columns.lowerBound)
        console.hardware.copy(count, from: from, to: Self.address(row, columns.lowerBound))
      } else {
        blank(row, columns, attribute, console.hardware)
      }
    }
    for row in window { for column in columns { show(Self.address(row, column), row, column, console) } }
  }
}
