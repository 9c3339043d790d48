public import DeviceModel
public import PCI
public import Primitives

/// A display with a linear framebuffer, as Bochs and QEMU have it: PCI device 1234:1111, a VGA.
///
/// The framebuffer is memory of its own behind the first base address, which the guest's processors reach like
/// RAM; the registers are behind the third, and at ports (`DisplayPorts`).
public struct DisplayAdapter: FixedPortFunction {
  /// What lies where in the window of registers.
  private enum Window {
    static let vga = 0x400..<0x420
    static let interface = 0x500..<0x516
  }

  private var space: ConfigurationSpace
  private let framebuffer: BaseAddress
  private let registers: BaseAddress
  /// Of the framebuffer.
  private let memorySize: Int
  private let monitor: MonitorDescription
  private var interface: DisplayInterface
  private var interfaceIndex: UInt16 = 0
  private var vga = VGARegisters()

  /// - Parameter memorySize: of its framebuffer, a power of two.
  /// - Parameter preferred: the mode that the monitor asks for.
  public init(memorySize: Int, preferred: (width: Int, height: Int)) {
    space = ConfigurationSpace(Identity(vendor: 0x1234, device: 0x1111, revision: 2, classCode: 0x03_0000))
    // Bit 3: reads change nothing, so that a driver may map it write-combining.
    framebuffer = space.addBaseAddress(0, byteCount: UInt32(truncatingIfNeeded: memorySize), prefetchable: true)
    registers = space.addBaseAddress(2, byteCount: 4096)
    self.memorySize = memorySize
    monitor = MonitorDescription(width: preferred.width, height: preferred.height)
    interface = DisplayInterface(memorySize: memorySize)
  }

  public mutating func reset(_ cycle: inout Cycle) {
    space.reset()
    vga = VGARegisters()
    interface = DisplayInterface(memorySize: memorySize)
    interfaceIndex = 0
    cycle.effects.append(.clearVideo)
  }

  /// Where the framebuffer is; nil while it is nowhere.
  public var framebufferPlace: GuestAddress? { framebuffer.place(in: space) }

  /// What is on the screen.
  public var screen: Screen {
    guard interface.isOn else { return vga.screen }
    return .pixels(interface.screen(palette: vga.colors(bits: interface.hasEightBitPalette ? 8 : 6)))
  }

  /// Puts the display where no firmware does, and turns a mode on.
  public mutating func place(_ mode: (width: Int, height: Int)?, _ cycle: inout Cycle) {
    let base = ConfigurationSpace.Register.firstBaseAddress
    writeConfiguration(Platform.video.first.value, .dword, at: base, &cycle)
    writeConfiguration(Platform.videoRegisters.first.value, .dword, at: base + 8, &cycle)
    writeConfiguration(3, .word, at: ConfigurationSpace.Register.command, &cycle)
    cycle.changes.insert(.windows)
    guard let mode else { return }
    _ = interface.write(UInt16(clamping: mode.width), to: .width)
    _ = interface.write(UInt16(clamping: mode.height), to: .height)
    _ = interface.write(32, to: .depth)
    _ = interface.write(0x41, to: .enable)
  }

  // MARK: PCIFunction

  public mutating func readConfiguration(_ width: AccessWidth, at offset: Int, _ cycle: inout Cycle) -> UInt64 {
    space.read(width, at: offset)
  }

  public mutating func writeConfiguration(_ value: UInt64, _ width: AccessWidth, at offset: Int, _ cycle: inout Cycle) {
    let before = framebufferPlace
    space.write(value, width, at: offset)
    if before != framebufferPlace { cycle.changes.insert(.memoryMap) }
  }

  /// Processors reach the framebuffer as memory, so it is no window.
  public var windows: [PCIWindow] { registers.window(in: space).map { [$0] } ?? [] }

  public mutating func read(bar: Int, _ width: AccessWidth, at offset: Int, _ cycle: inout Cycle) -> UInt64 {
    if Window.interface.contains(offset) {
      return UInt64(register(offset).map { interface.read($0) } ?? 0)
    }
    return width.value { readByte(offset + $0) }
  }

  private mutating func readByte(_ offset: Int) -> UInt8 {
    if monitor.bytes.indices.contains(offset) { return monitor.bytes[offset] }
    return Window.vga.contains(offset) ? vga.read(offset - Window.vga.lowerBound) : 0
  }

  public mutating func write(_ value: UInt64, bar: Int, _ width: AccessWidth, at offset: Int, _ cycle: inout Cycle) {
    if Window.interface.contains(offset) {
      if let register = register(offset) { write(UInt16(truncatingIfNeeded: value), to: register, &cycle) }
      return
    }
    width.forEachByte(of: value) { place, byte in
      if Window.vga.contains(offset + place) { vga.write(byte, offset + place - Window.vga.lowerBound) }
    }
  }

  private func register(_ offset: Int) -> DisplayInterface.Register? {
    .init(rawValue: (offset - Window.interface.lowerBound) / 2)
  }

  private mutating func write(_ value: UInt16, to register: DisplayInterface.Register, _ cycle: inout Cycle) {
    if interface.write(value, to: register) { cycle.effects.append(.clearVideo) }
  }

  // MARK: Ports

  public static let portPlacement = Placement("VGA ports", ports: [Platform.displayInterface, Platform.vga])
  private static let interfaceCount = Int(Platform.displayInterface.count)

  public mutating func readPort(_ width: AccessWidth, at offset: Int, _ cycle: inout Cycle) -> UInt64 {
    offset < Self.interfaceCount ? readInterface(width, at: offset) : readVGA(width, at: offset - Self.interfaceCount)
  }

  public mutating func writePort(_ value: UInt64, _ width: AccessWidth, at offset: Int, _ cycle: inout Cycle) {
    if offset < Self.interfaceCount {
      writeInterface(value, width, at: offset, &cycle)
    } else {
      writeVGA(value, width, at: offset - Self.interfaceCount)
    }
  }

  /// - Parameter offset: from port 0x3C0 on.
  private mutating func readVGA(_ width: AccessWidth, at offset: Int) -> UInt64 {
    width.value { vga.read(offset + $0) }
  }

  private mutating func writeVGA(_ value: UInt64, _ width: AccessWidth, at offset: Int) {
    width.forEachByte(of: value) { vga.write($1, offset + $0) }
  }

  /// The index at port 0x1CE, the value at 0x1CF; both are words.
  private mutating func readInterface(_ width: AccessWidth, at offset: Int) -> UInt64 {
    switch (offset, width) {
    case (0, .word): UInt64(interfaceIndex)
    case (1, .word), (2, .word): UInt64(DisplayInterface.Register(rawValue: Int(interfaceIndex)).map { interface.read($0) } ?? 0)
    default: width.ones
    }
  }

  private mutating func writeInterface(_ value: UInt64, _ width: AccessWidth, at offset: Int, _ cycle: inout Cycle) {
    switch (offset, width) {
    case (0, .word): interfaceIndex = UInt16(truncatingIfNeeded: value)
    case (1, .word), (2, .word):
      guard let register = DisplayInterface.Register(rawValue: Int(interfaceIndex)) else { return }
      write(UInt16(truncatingIfNeeded: value), to: register, &cycle)
    default: break
    }
  }
}
