internal import Primitives

/// INT 10h: a text screen of 80 columns and 25 rows; other modes are the display's, if there is one.
struct VideoService<H: Hardware> {
  let console: Console<H>
  private var hardware: H { console.hardware }

  init(console: Console<H>) { self.console = console }

  func serve(_ caller: Caller<H>, _ screen: inout Screen) {
    switch caller.ah {
    case 0x00:
      screen.display?.setText(hardware)
      screen.clear(attribute: 0x07, console)
      screen.setCursor(0, 0, hardware)
    case 0x01:
      hardware.put(caller.cx, at: BIOSData.cursorShape)
      screen.display?.setCursorShape(caller.cx, hardware)
    case 0x02: screen.setCursor(min(Int(caller.dh), Screen.rows - 1), min(Int(caller.dl), Screen.columns - 1), hardware)
    case 0x03:
      caller.cx = hardware.word(at: BIOSData.cursorShape)
      caller.dx = hardware.word(at: BIOSData.cursor)
    case 0x06: scroll(caller, &screen, up: true)
    case 0x07: scroll(caller, &screen, up: false)
    case 0x08:
      let place = screen.cursor(hardware)
      caller.ax = hardware.word(at: Screen.address(place.row, place.column))
    case 0x09: repeatCharacter(caller, &screen, attribute: caller.bl)
    case 0x0A: repeatCharacter(caller, &screen, attribute: nil)
    case 0x0E: screen.type(caller.al, attribute: nil, console)
    case 0x0F:
      caller.al = hardware.byte(at: BIOSData.videoMode)
      caller.ah = UInt8(Screen.columns)
      caller.bh = 0
    case 0x13: writeText(caller, &screen)
    default: if screen.display != nil { serveDisplay(caller, &screen) }
    }
  }

  /// Without a display, an answer that is the question says that there is none.
  private func serveDisplay(_ caller: Caller<H>, _ screen: inout Screen) {
    switch (caller.ah, caller.al) {
    // The fonts that are in the firmware are one.
    case (0x11, 0x30):
      caller.es = RealModeCode.segment
      caller.bp = hardware.realModeCode.font
      caller.cx = 16
      caller.dl = UInt8(Screen.rows - 1)
    // An EGA or better, in colour, with all its memory.
    case (0x12, _) where caller.bl == 0x10:
      caller.bx = 0x0003
      caller.cx = 0x0009
    // A VGA with a colour monitor.
    case (0x1A, 0x00):
      caller.al = 0x1A
      caller.bx = 0x0008
    case (0x4F, _): VideoModeService(hardware: hardware).serve(caller, &screen, console)
    default: break
    }
  }

  private func scroll(_ caller: Caller<H>, _ screen: inout Screen, up: Bool) {
    let bottom = min(Int(caller.dh), Screen.rows - 1)
    let right = min(Int(caller.dl), Screen.columns - 1)
    let (top, left) = (Int(caller.ch), Int(caller.cl))
    guard top <= bottom, left <= right else { return }
    screen.scroll(
      rows: top...bottom, columns: left..<(right + 1), by: Int(caller.al), up: up, attribute: caller.bh, console)
  }

  private func repeatCharacter(_ caller: Caller<H>, _ screen: inout Screen, attribute: UInt8?) {
    var place = screen.cursor(hardware)
    for _ in 0..<min(Int(caller.cx), Screen.columns * Screen.rows) {
      screen.put(caller.al, attribute: attribute, place.row, place.column, console)
      place.column += 1
      if place.column == Screen.columns {
        place = (place.row + 1, 0)
        if place.row == Screen.rows { return }
      }
    }
  }

  private func writeText(_ caller: Caller<H>, _ screen: inout Screen) {
    let before = screen.cursor(hardware)
    screen.setCursor(min(Int(caller.dh), Screen.rows - 1), min(Int(caller.dl), Screen.columns - 1), hardware)
    let text = caller.address(caller.es, caller.bp)
    // Bit 1: each character brings its attribute; bit 0: the cursor stays behind the text.
    let hasAttributes = caller.al[bit: 1]
    for index in 0..<Int(caller.cx) {
      let offset = hasAttributes ? 2 * index : index
      let attribute = hasAttributes ? hardware.byte(at: text + (offset + 1)) : caller.bl
      screen.type(hardware.byte(at: text + offset), attribute: attribute, console)
    }
    if !caller.al[bit: 0] { screen.setCursor(before.row, before.column, hardware) }
  }
}
