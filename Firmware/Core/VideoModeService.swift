internal import Primitives

/// INT 10h, AH=4F: modes with a linear framebuffer (VESA BIOS Extension 3.0).
struct VideoModeService<H: Hardware> {
  let hardware: H

  private enum Answer {
    static var done: UInt16 { 0x004F }
    static var failed: UInt16 { 0x014F }
    static var notInThisMode: UInt16 { 0x034F }
  }

  func serve(_ caller: Caller<H>, _ screen: inout Screen, _ console: Console<H>) {
    guard let display = screen.display else { return }
    switch caller.al {
    case 0x00: describe(display, at: caller)
    case 0x01: caller.ax = describeMode(caller.cx, display, caller.address(caller.es, caller.di)) ? Answer.done : Answer.failed
    case 0x02: caller.ax = setMode(caller.bx, &screen, console) ? Answer.done : Answer.failed
    case 0x03:
      caller.bx = display.mode == VideoMode.text ? VideoMode.text : display.mode | 0x4000
      caller.ax = Answer.done
    case 0x06: setLine(caller, display)
    case 0x07: setStart(caller, display)
    case 0x08:
      if caller.bl == 0 { display.setPaletteBits(caller.bh, hardware) }
      caller.bh = display.paletteBits(hardware)
      caller.ax = Answer.done
    case 0x09: setPalette(caller)
    case 0x15: describeMonitor(caller, display)
    default: caller.ax = Answer.failed
    }
  }

  // MARK: What there is

  private func describe(_ display: DisplayAdapter, at caller: Caller<H>) {
    let block = caller.address(caller.es, caller.di)
    hardware.fill(0, count: 256, at: block)
    hardware.put(UInt32(0x4153_4556), at: block)  // VESA
    hardware.put(UInt16(0x0300), at: block + 0x04)
    // The texts and the list of modes follow in the block itself.
    point(from: block + 0x06, to: caller, 0x50)
    point(from: block + 0x16, to: caller, 0x50)
    point(from: block + 0x1A, to: caller, 0x50)
    // The palette has six or eight bits.
    hardware.put(UInt32(1), at: block + 0x0A)
    point(from: block + 0x0E, to: caller, 0x22)
    hardware.put(display.read(.memory, hardware), at: block + 0x12)
    let name: Text = "swboot"
    for index in 0..<name.count { hardware.put(name[index], at: block + (0x50 + index)) }
    var place = block + 0x22
    for index in 0..<VideoMode.count {
      guard let mode = VideoMode(index: index) else { continue }
      hardware.put(mode.number, at: place)
      place = place + 2
    }
    if display.preferredMode(hardware) != nil {
      hardware.put(VideoMode.preferred, at: place)
      place = place + 2
    }
    hardware.put(UInt16(0xFFFF), at: place)
    caller.ax = Answer.done
  }

  private func point(from place: GuestAddress, to caller: Caller<H>, _ offset: UInt16) {
    hardware.put(caller.di &+ offset, at: place)
    hardware.put(caller.es, at: place + 2)
  }

  private func mode(_ number: UInt16, _ display: DisplayAdapter) -> VideoMode? {
    if number == VideoMode.preferred { return display.preferredMode(hardware) }
    for index in 0..<VideoMode.count {
      if let mode = VideoMode(index: index), mode.number == number { return mode }
    }
    return nil
  }

  private func describeMode(_ number: UInt16, _ display: DisplayAdapter, _ block: GuestAddress) -> Bool {
    guard let mode = mode(number & 0x3FFF, display) else { return false }
    hardware.fill(0, count: 256, at: block)
    // In colour, graphics, no VGA's, no windows, with a linear framebuffer.
    hardware.put(UInt16(0x00FB), at: block)
    let line = UInt16(truncatingIfNeeded: mode.bytesPerLine)
    let pictureSize = mode.bytesPerLine * Int(mode.height)
    hardware.put(line, at: block + 0x10)
    hardware.put(mode.width, at: block + 0x12)
    hardware.put(mode.height, at: block + 0x14)
    hardware.put(UInt16(0x1008), at: block + 0x16)  // a letter's size
    hardware.put(UInt8(1), at: block + 0x18)
    hardware.put(UInt8(truncatingIfNeeded: mode.depth), at: block + 0x19)
    hardware.put(UInt8(1), at: block + 0x1A)
    hardware.put(UInt8(mode.depth == 8 ? 4 : 6), at: block + 0x1B)
    let pages = Int(display.read(.memory, hardware)) << 16 / max(pictureSize, 1) - 1
    hardware.put(UInt8(truncatingIfNeeded: min(max(pages, 0), 255)), at: block + 0x1D)
    hardware.put(UInt8(truncatingIfNeeded: min(max(pages, 0), 255)), at: block + 0x34)
    hardware.put(UInt8(truncatingIfNeeded: min(max(pages, 0), 255)), at: block + 0x35)
    hardware.put(UInt8(1), at: block + 0x1E)
    putColors(mode.depth, at: block + 0x1F)
    putColors(mode.depth, at: block + 0x36)
    if mode.depth == 32 { hardware.put(UInt8(2), at: block + 0x27) }
    hardware.put(UInt32(truncatingIfNeeded: display.framebuffer.value), at: block + 0x28)
    hardware.put(line, at: block + 0x32)
    hardware.put(UInt32(230_000_000), at: block + 0x3E)
    return true
  }

  /// Size and position of red, green, blue and the rest.
  private func putColors(_ depth: UInt16, at place: GuestAddress) {
    switch depth {
    case 16:
      hardware.put(UInt32(0x0506_0B05), at: place)
      hardware.put(UInt32(0x0000_0005), at: place + 4)
    case 32:
      hardware.put(UInt32(0x0808_1008), at: place)
      hardware.put(UInt32(0x1808_0008), at: place + 4)
    default: break
    }
  }

  private func describeMonitor(_ caller: Caller<H>, _ display: DisplayAdapter) {
    switch caller.bl {
    case 0:
      // Its description is there at once, and the screen goes on meanwhile.
      caller.bx = 0x0002
      caller.ax = Answer.done
    case 1 where caller.dx == 0:
      let target = caller.address(caller.es, caller.di)
      for index in 0..<128 { hardware.put(display.monitorByte(index, hardware), at: target + index) }
      caller.ax = Answer.done
    default: caller.ax = Answer.failed
    }
  }

  // MARK: What is wanted

  private func setMode(_ wish: UInt16, _ screen: inout Screen, _ console: Console<H>) -> Bool {
    let number = wish & 0x3FFF
    if number <= VideoMode.text {
      screen.display?.setText(hardware)
      if wish & 0x8000 == 0 { screen.clear(attribute: 0x07, console) }
      screen.setCursor(0, 0, hardware)
      return true
    }
    // Without a linear framebuffer it would be windows at 0xA0000, which there are not.
    guard wish & 0x4000 != 0, let display = screen.display, let mode = mode(number, display) else { return false }
    screen.display?.set(mode, keepsMemory: wish & 0x8000 != 0, hardware)
    return true
  }

  /// Bytes of a line in memory, of which there may be more than are seen.
  private func setLine(_ caller: Caller<H>, _ display: DisplayAdapter) {
    guard let mode = mode(display.mode, display) else { return caller.ax = Answer.notInThisMode }
    let size = UInt16((mode.depth + 7) / 8)
    switch caller.bl {
    case 0: display.write(caller.cx, .lineWidth, hardware)
    case 2: display.write(caller.cx / size, .lineWidth, hardware)
    case 1: break
    default: return caller.ax = Answer.failed
    }
    let width = display.read(.lineWidth, hardware)
    caller.cx = width
    caller.bx = width &* size
    caller.dx = display.read(.lineCount, hardware)
    caller.ax = Answer.done
  }

  private func setStart(_ caller: Caller<H>, _ display: DisplayAdapter) {
    guard display.mode != VideoMode.text else { return caller.ax = Answer.notInThisMode }
    switch caller.bl & 0x7F {
    case 0:
      display.write(caller.cx, .left, hardware)
      display.write(caller.dx, .top, hardware)
    case 1:
      caller.bh = 0
      caller.cx = display.read(.left, hardware)
      caller.dx = display.read(.top, hardware)
    default: return caller.ax = Answer.failed
    }
    caller.ax = Answer.done
  }

  /// Colours are blue, green, red and an unused byte.
  private func setPalette(_ caller: Caller<H>) {
    let port = Platform.vga.first
    let table = caller.address(caller.es, caller.di)
    let count = min(Int(caller.cx), 256)
    switch caller.bl & 0x7F {
    case 0:
      hardware.output(UInt32(caller.dx & 0xFF), .byte, to: port + 0x08)
      for index in 0..<count {
        for part in 0..<3 { hardware.output(UInt32(hardware.byte(at: table + (4 * index + 2 - part))), .byte, to: port + 0x09) }
      }
    case 1:
      hardware.output(UInt32(caller.dx & 0xFF), .byte, to: port + 0x07)
      for index in 0..<count {
        for part in 0..<3 {
          hardware.put(UInt8(truncatingIfNeeded: hardware.input(.byte, from: port + 0x09)), at: table + (4 * index + 2 - part))
        }
      }
    default: return caller.ax = Answer.failed
    }
    caller.ax = Answer.done
  }
}
